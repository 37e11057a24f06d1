//! `compose.yaml` and the files below `config/` are what this program would generate.
//!
//! Otherwise this program checks and explains another house than the one that Docker would start,
//! and its findings mean nothing.
//!
//! Fix: build this program from the commit that is checked out, as after every `git pull`; after a
//! change in Rust run `cargo xtask gen` too. The rule does not apply to a folder that `homelab
//! deploy` deploys to, where the release counts, whichever program has made it; `homelab status`
//! compares that with what runs.

use std::io;

use homelab_core::compose::yaml::{self, Spacing};
use homelab_core::compose::{limits, unjudged};
use homelab_core::lower::lower;

use super::{Context, Findings, HostRule};
use crate::file;

pub(super) const RULE: HostRule =
    HostRule { id: "host-stale", source: include_str!("stale.rs"), run };

/// Shell command that builds this program from the commit that is checked out in the project's
/// folder.
const REBUILD: &str =
    "cargo build --release --bin homelab && sudo install target/release/homelab /usr/local/bin/";

fn run(context: &Context<'_>, findings: &mut Findings) {
    if context.house.is_deployed_to() {
        return;
    }
    let compose =
        yaml::render(&unjudged::data(&lower(context.house.stack())), "", Spacing::Sections);
    compare(context, "compose.yaml", &compose, findings);
    if !context.house.path("compose.yaml").exists() {
        // This is not the repository, so the other files are missing, too, and are not worth a
        // finding.
        return;
    }
    for file in &context.house.house.files {
        compare(context, file.path, &file.text, findings);
    }
}

fn compare(context: &Context<'_>, name: &str, expected: &str, findings: &mut Findings) {
    let path = context.house.path(name);
    let shown = path.display().to_string();
    let text = match file::text(&path, limits::TEXT) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let help = "fetch the whole repository, or name its folder with `--project DIR`";
            findings.error(&shown, format!("`{shown}` does not exist"), help.to_owned());
            return;
        }
        Err(error) => {
            let help = "check what it is and who may read it".to_owned();
            findings.error(&shown, format!("`{shown}` cannot be read: {error}"), help);
            return;
        }
    };
    if body(&text) != body(expected) {
        let message = format!("`{shown}` is not what this `homelab` would generate");
        let help = format!("run `{REBUILD}`; after a change in Rust, `cargo xtask gen` first");
        findings.error(&shown, message, help);
    }
}

/// Returns the text below the first comment, which says who generated it.
fn body(text: &str) -> String {
    let rest = text.lines().skip_while(|it| it.starts_with('#') || it.trim().is_empty());
    rest.collect::<Vec<_>>().join("\n")
}
