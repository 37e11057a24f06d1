//! Configuration files that containers read: generated, committed, mounted read-only.

use homelab_core::dsl::house::ConfigFile;
use homelab_core::dsl::stack::Stack;

use crate::services::{filebrowser, homer, immich_machine_learning};

/// Returns every configuration file of the house; each begins with `header` as a comment.
pub(crate) fn all(stack: &Stack, header: &str) -> Vec<ConfigFile> {
    let mut files = vec![
        homer::file(&stack.tiles(), header),
        filebrowser::file(header),
        immich_machine_learning::switch_file(false, header),
        immich_machine_learning::switch_file(true, header),
    ];
    files.extend(homer::app_files(header));
    files
}
