//! What an image must not lose lies on a volume or a bind.
//!
//! Without a mount the data is in the container or in an anonymous volume: the next
//! `docker compose up` with a new image starts empty.
//!
//! Fix: mount a named volume or a host path at the path that the message names, or above it.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;
use std::path::Path;

pub(super) const RULE: Rule = Rule {
    id: "data-mounted",
    severity: Severity::Error,
    source: include_str!("data_mounted.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members().filter(|it| !it.is_dumper()) {
        for path in member.contract().iter().flat_map(|it| it.data.items()) {
            let mounts = member.service.volumes.iter();
            let mounts = mounts.filter(|it| !it.source.is_empty() && !it.read_only);
            if !mounts.clone().any(|it| Path::new(path).starts_with(project.resolve(&it.target))) {
                findings.on(
                    &member,
                    format!("`{}` keeps data in `{path}`, which is not mounted", member.name),
                    format!("mount a volume or a host path at `{path}`"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn data_without_a_mount_is_found() {
        let found = break_file(|file| file.services["web"].volumes[0].target = "/file".to_owned());
        insta::assert_snapshot!(found, @r"
        error[data-mounted]: `web` keeps data in `/files`, which is not mounted
          --> web.rs
          help: mount a volume or a host path at `/files`
        ");
    }

    #[test]
    fn a_read_only_mount_keeps_nothing() {
        let found = break_file(|file| file.services["web"].volumes[0].read_only = true);
        assert!(found.starts_with("error[data-mounted]: `web` keeps data in `/files`"), "{found}");
    }

    #[test]
    fn a_mount_above_is_fine() {
        let found = break_file(|file| file.services["web"].volumes[0].target = "/".to_owned());
        assert!(!found.contains("data-mounted"), "{found}");
    }
}
