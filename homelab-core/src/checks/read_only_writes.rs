//! With a read-only root file system, every folder that the image writes to is a mount or in memory.
//!
//! Otherwise the service fails as soon as it writes there: some do not start, some only
//! lose the one function that nobody tried.
//!
//! Fix: put a volume, a bind or a tmpfs over the folder, or over one above it.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "read-only-writes",
    severity: Severity::Error,
    source: include_str!("read_only_writes.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members().filter(|it| it.service.read_only) {
        let Some(contract) = member.contract() else { continue };
        let places = places(project, &member);
        for path in contract.writes.items().iter().filter(|it| !is_writable(&places, it)) {
            let (name, image) = (member.name, &contract.repository);
            findings.on(
                &member,
                format!("`{image}` writes to `{path}`, which is read-only in `{name}`"),
                format!("put a tmpfs or a writable volume at `{path}`"),
            );
        }
    }
}

/// Returns every folder over which a volume, bind or tmpfs is mounted, and whether that is
/// writable.
fn places(project: &Project<'_>, member: &Member<'_>) -> Vec<(String, bool)> {
    let service = member.service;
    let mounts = service.volumes.iter().map(|it| (project.resolve(&it.target), !it.read_only));
    let memory = service.tmpfs.iter().map(|written| {
        let entry = project.resolve(written);
        let (path, options) = entry.split_once(':').unwrap_or((&entry, ""));
        (path.to_owned(), !options.split(',').any(|it| it == "ro"))
    });
    mounts.chain(memory).map(|(path, it)| (path.trim_end_matches('/').to_owned(), it)).collect()
}

/// Whether the innermost mount over `path` is writable.
fn is_writable(places: &[(String, bool)], path: &str) -> bool {
    let covers = |place: &&(String, bool)| {
        path.strip_prefix(place.0.as_str()).is_some_and(|it| it.is_empty() || it.starts_with('/'))
    };
    places.iter().filter(covers).max_by_key(|it| it.0.len()).is_some_and(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::is_writable;
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

    #[test]
    fn the_innermost_place_counts() {
        let places = [("/a".to_owned(), true), ("/a/b".to_owned(), false)];
        assert!(is_writable(&places, "/a/c") && is_writable(&places, "/a"));
        assert!(!is_writable(&places, "/a/b/c") && !is_writable(&places, "/ab"));
    }
}
