//! Configuration files that containers read: generated, committed, mounted read-only.

use homelab_core::compose::yaml::{self, Spacing};
use homelab_core::dsl::house::ConfigFile;
use homelab_core::dsl::stack::Stack;

use crate::services::{filebrowser, homer};

/// Returns every configuration file of the house; each begins with `header` as a comment.
pub(crate) fn all(stack: &Stack, header: &str) -> Vec<ConfigFile> {
    let tiles = stack.tiles();
    let mut files = vec![
        ConfigFile {
            path: homer::CONFIG_FILE,
            text: yaml::render(&homer::config(&tiles), header, Spacing::Sections),
        },
        ConfigFile {
            path: filebrowser::CONFIG_FILE,
            text: yaml::render(&filebrowser::config(), header, Spacing::Sections),
        },
    ];
    // The value of `IMMICH_ML` decides which of the two is read.
    for (path, enabled) in [
        ("config/immich/machine-learning-0.env", false),
        ("config/immich/machine-learning-1.env", true),
    ] {
        let comment = yaml::comment(header);
        let text = format!("{comment}IMMICH_MACHINE_LEARNING_ENABLED={enabled}\n");
        files.push(ConfigFile { path, text });
    }
    files
}
