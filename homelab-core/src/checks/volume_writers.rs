//! No two services write to the same volume or to the same folder of the host.
//!
//! Two programs that do not know of each other overwrite each other's files, and two databases
//! on one folder destroy it. Reading what another service writes is fine, and so is dumping.
//!
//! Fix: give each service a volume or folder of its own, or mount it with `read_only: true` in
//! all but one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::MountKind;
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "volume-writers",
    severity: Severity::Error,
    source: include_str!("volume_writers.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let mut seen = Seen::default();
    for member in project.members() {
        let mut own: Vec<(MountKind, String)> = Vec::new();
        for mount in member.service.volumes.iter().filter(|it| !it.read_only) {
            let source = project.resolve(&mount.source);
            if !is_data(&source) || own.iter().any(|it| *it == (mount.kind, source.clone())) {
                continue;
            }
            let clash = seen.overlapping(mount.kind, &source).find(|it| !dumps(&member, &it.0));
            if let Some((other, _, path)) = clash {
                findings.on(
                    &member,
                    format!(
                        "`{}` writes to `{source}`, and `{}` writes to `{path}`",
                        member.name, other.name
                    ),
                    "mount it with `read_only: true` in one of them, or use two".to_owned(),
                );
            }
            own.push((mount.kind, source));
        }
        for (kind, source) in own {
            seen.push(member, kind, source);
        }
    }
}

/// The paths that the services so far write to, in the order of the services.
#[derive(Default)]
struct Seen<'a> {
    list: Vec<(Member<'a>, MountKind, String)>,
    /// Positions of the paths that are exactly this one.
    at: IndexMap<PathBuf, Vec<usize>>,
    /// Positions of the paths that lie below this one.
    below: IndexMap<PathBuf, Vec<usize>>,
}

impl<'a> Seen<'a> {
    fn push(&mut self, member: Member<'a>, kind: MountKind, source: String) {
        let position = self.list.len();
        self.at.entry(source.clone().into()).or_default().push(position);
        for folder in Path::new(&source).ancestors().skip(1) {
            self.below.entry(folder.into()).or_default().push(position);
        }
        self.list.push((member, kind, source));
    }

    /// Returns the paths that are the source, contain it, or lie in it.
    fn overlapping(
        &self,
        kind: MountKind,
        source: &str,
    ) -> impl Iterator<Item = &(Member<'a>, MountKind, String)> {
        let above = Path::new(source).ancestors().filter_map(|it| self.at.get(it));
        let near: BTreeSet<_> = above.chain(self.below.get(Path::new(source))).flatten().collect();
        let near = near.into_iter().map(|it| &self.list[*it]);
        near.filter(move |(_, other, path)| *other == kind && overlap(kind, path, source))
    }
}

/// Whether a source holds data that two services can spoil. Sockets and devices are made for many
/// users, and an anonymous volume has only one.
fn is_data(source: &str) -> bool {
    let is_socket = Path::new(source).extension().is_some_and(|it| it == "sock");
    !source.is_empty() && !is_socket && !source.starts_with("/dev/")
}

fn overlap(kind: MountKind, one: &str, other: &str) -> bool {
    match kind {
        MountKind::Volume => one == other,
        MountKind::Bind => Path::new(one).starts_with(other) || Path::new(other).starts_with(one),
    }
}

/// Whether one of two services dumps the other.
fn dumps(one: &Member<'_>, other: &Member<'_>) -> bool {
    let of = |from: &Member<'_>, to: &Member<'_>| from.facts().dumps.contains(&to.name);
    of(one, other) || of(other, one)
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_volume_with_two_writers_is_found() {
        let found = share("caddy", "", false);
        insta::assert_snapshot!(found, @r"
        error[volume-writers]: `fetch` writes to `caddy-data`, and `caddy` writes to `caddy-data`
          --> fetch.rs
          help: mount it with `read_only: true` in one of them, or use two
        ");
    }

    #[test]
    fn a_folder_in_anothers_folder_is_found() {
        let found = share("web", "/thumbs", false);
        insta::assert_snapshot!(found, @r"
        error[volume-writers]: `fetch` writes to `$DATA_ROOT/files/thumbs`, and `web` writes to `$DATA_ROOT/files`
          --> fetch.rs
          help: mount it with `read_only: true` in one of them, or use two
        ");
    }

    #[test]
    fn a_reader_is_fine() {
        assert_eq!(share("web", "/thumbs", true), "");
    }

    /// Lets `fetch` mount what another service writes to, or a folder below it.
    fn share(owner: &str, below: &str, read_only: bool) -> String {
        break_file(|file| {
            let mut mount = file.services[owner].volumes[0].clone();
            mount.source += below;
            mount.read_only = read_only;
            file.services["fetch"].volumes.push(mount);
        })
    }
}
