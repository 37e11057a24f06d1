//! No two services write to the same volume or to the same folder of the host.
//!
//! Two programs that do not know of each other overwrite each other's files, and two databases
//! on one folder destroy it. Reading what another service writes is fine, and so is dumping.
//! Programs that are made for one folder, such as a downloader and a library with hard links, share
//! one declaration: `const FILMS: Bind<Precious> = Bind::env(…).shared("…")`.
//!
//! Fix: give each service a volume or folder of its own, mount it with `read_only: true` in all but
//! one, or declare it once with `.shared("…")` and mount that in all.

mod seen;

use std::path::Path;

use self::seen::{Seen, Written};
use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::compose::ServiceMount;
use crate::dsl::resource::Source;
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
        let mut own: Vec<Written<'_>> = Vec::new();
        for mount in member.service.volumes.iter().filter(|it| !it.read_only) {
            let (kind, source) = (mount.kind, project.resolve(&mount.source));
            if !is_data(&source) || own.iter().any(|it| it.kind == kind && it.source == source) {
                continue;
            }
            let written = Written { member, kind, source, shared: shared(&member, mount) };
            let clash = seen.overlapping(&written).find(|it| !may_share(&written, it));
            if let Some(other) = clash {
                let (source, path) = (&written.source, &other.source);
                findings.on(
                    &member,
                    format!(
                        "`{}` writes to `{source}`, and `{}` writes to `{path}`",
                        member.name, other.member.name
                    ),
                    Help::new(
                        "mount it with `.read_only()` in one of them, use two, or declare it once with `.shared(\"…\")`",
                        "mount it with `read_only: true` in one of them, or use two",
                    ),
                );
            }
            own.push(written);
        }
        for written in own {
            seen.push(written);
        }
    }
}

/// Returns the declaration by which several services write to a mount: the whole folder, and why.
fn shared(member: &Member<'_>, mount: &ServiceMount) -> Option<(Source, &'static str)> {
    let declared = member.declared(mount)?;
    let whole = match declared.source {
        Source::Variable(variable, _) => Source::Variable(variable, ""),
        other @ (Source::Volume(_) | Source::Host(_) | Source::File(_)) => other,
    };
    Some((whole, declared.shared?))
}

/// Whether two services may write to one place: by one declaration, or because one dumps the other.
fn may_share(one: &Written<'_>, other: &Written<'_>) -> bool {
    one.shared.is_some() && one.shared == other.shared || dumps(&one.member, &other.member)
}

/// Whether a source holds data that two services can spoil. Sockets and devices are made for many
/// users, and an anonymous volume has only one.
fn is_data(source: &str) -> bool {
    let is_socket = Path::new(source).extension().is_some_and(|it| it == "sock");
    !source.is_empty() && !is_socket && !source.starts_with("/dev/")
}

/// Whether one of two services dumps the other.
fn dumps(one: &Member<'_>, other: &Member<'_>) -> bool {
    let of = |from: &Member<'_>, to: &Member<'_>| from.facts().dumps.contains(&to.name);
    of(one, other) || of(other, one)
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, spec};
    use crate::dsl::resource::{Backup, Bind, Mount};
    use crate::dsl::role::Precious;
    use crate::testing::FILES;

    #[test]
    fn a_volume_with_two_writers_is_found() {
        let found = share("caddy", "", false);
        insta::assert_snapshot!(found, @r#"
        error[volume-writers]: `fetch` writes to `caddy-data`, and `caddy` writes to `caddy-data`
          --> fetch.rs
          help: mount it with `.read_only()` in one of them, use two, or declare it once with `.shared("…")`
        "#);
    }

    #[test]
    fn a_folder_in_anothers_folder_is_found() {
        let found = share("web", "/thumbs", false);
        insta::assert_snapshot!(found, @r#"
        error[volume-writers]: `fetch` writes to `$DATA_ROOT/files/thumbs`, and `web` writes to `$DATA_ROOT/files`
          --> fetch.rs
          help: mount it with `.read_only()` in one of them, use two, or declare it once with `.shared("…")`
        "#);
    }

    const TREE: Bind<Precious> =
        Bind::env(&FILES, Backup::Offsite).shared("films are hard links to downloads");

    /// Lets `web` write to the shared folder, and `fetch` to this one.
    fn beside(mount: Mount<Precious>) -> String {
        break_stack(|stack| {
            spec(stack, "web").mounts[0] = TREE.at("/files").erase();
            spec(stack, "fetch").mounts.push(mount.erase());
        })
    }

    #[test]
    fn one_declaration_lets_several_write() {
        assert_eq!(beside(TREE.at("/tree")), "");
        assert_eq!(beside(TREE.below("/new").at("/tree")), "");
    }

    #[test]
    fn another_declaration_of_the_same_folder_is_found() {
        let own = Bind::env(&FILES, Backup::Offsite).below("/new").at("/tree");
        insta::assert_snapshot!(beside(own), @r#"
        error[volume-writers]: `fetch` writes to `$DATA_ROOT/files/new`, and `web` writes to `$DATA_ROOT/files`
          --> fetch.rs
          help: mount it with `.read_only()` in one of them, use two, or declare it once with `.shared("…")`
        "#);
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
