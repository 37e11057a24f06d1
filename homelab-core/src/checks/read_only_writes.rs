//! With a read-only root file system, every folder that the image writes to is a mount or in memory.
//!
//! Otherwise the service fails as soon as it writes there: some do not start, some only
//! lose the one function that nobody tried.
//!
//! Fix: put a volume, a bind or a tmpfs over the folder, or over one above it.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::{Holder, Project};

pub(super) const RULE: Rule = Rule {
    id: "read-only-writes",
    severity: Severity::Error,
    source: include_str!("read_only_writes.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members().filter(|it| it.service.read_only && !it.is_client()) {
        let Some(contract) = member.contract() else { continue };
        for path in contract.writes.items() {
            if member.holder(project, path).is_some_and(|it| is_writable(it.1)) {
                continue;
            }
            let (name, image) = (member.name, &contract.repository);
            findings.on(
                &member,
                format!("`{image}` writes to `{path}`, which is read-only in `{name}`"),
                format!("put a tmpfs or a writable volume at `{path}`"),
            );
        }
    }
}

/// Whether the container may write to what lies there. An anonymous volume does not count: each new
/// container would leave one behind.
fn is_writable(holder: Holder<'_>) -> bool {
    match holder {
        Holder::Mount(mount) => !mount.read_only,
        Holder::Memory { is_writable } => is_writable,
        Holder::Anonymous => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, spec};

    #[test]
    fn a_folder_without_anything_over_it_is_found() {
        let found = break_stack(|stack| spec(stack, "web").tmpfs.clear());
        insta::assert_snapshot!(found, @r"
        error[read-only-writes]: `example/web` writes to `/tmp`, which is read-only in `web`
          --> web.rs
          help: put a tmpfs or a writable volume at `/tmp`
        ");
    }

    #[test]
    fn a_read_only_mount_over_it_is_found() {
        let found = break_file(|file| {
            let web = &mut file.services["web"];
            let mut mount = web.volumes[0].clone();
            (mount.source, mount.target, mount.read_only) = ("/srv/x".into(), "/tmp".into(), true);
            web.tmpfs.clear();
            web.volumes.push(mount);
        });
        insta::assert_snapshot!(found, @r"
        error[read-only-writes]: `example/web` writes to `/tmp`, which is read-only in `web`
          --> web.rs
          help: put a tmpfs or a writable volume at `/tmp`
        ");
    }
}
