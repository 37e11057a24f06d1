//! What an image must not lose lies on a volume or a bind.
//!
//! Without a mount the data is in the container or in an anonymous volume: the next
//! `docker compose up` with a new image starts empty. A mount above is not enough where the image
//! declares a `VOLUME`: the engine puts an anonymous volume there. A folder in memory is empty after
//! each restart, and scratch is lost with the disk; only a cache may be scratch, and a database that is
//! scratch is found by `database-backup`. Where the image reads a variable for the path of its data,
//! such as `PGDATA`, that path is judged.
//!
//! Fix: mount a named volume or a host path at the very path that the message names. Where the
//! household can do without the data, say so with `.accept("data-mounted", …)`.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::compose::ServiceMount;
use crate::dsl::contract::ImageKind;
use crate::dsl::resource::Policy;
use crate::model::project::{Holder, Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "data-mounted",
    severity: Severity::Error,
    source: include_str!("data_mounted.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members().filter(|it| !it.is_client()) {
        for (path, variable) in member.data(project) {
            let (fault, at) = match member.holder(project, &path) {
                None => ("is not mounted".to_owned(), path.clone()),
                Some((at, Holder::Memory { .. })) => {
                    (format!("is in memory at `{at}`"), path.clone())
                }
                Some((at, Holder::Anonymous)) => {
                    (format!("is in an anonymous volume at `{at}`"), at)
                }
                Some((at, Holder::Mount(mount))) if mount.read_only => {
                    (format!("is mounted read-only at `{at}`"), at)
                }
                Some((_, Holder::Mount(mount))) => match scratch(&member, mount) {
                    Some(because) => (format!("is scratch: {because}"), mount.target.clone()),
                    None => continue,
                },
            };
            let name = member.name;
            let said = variable.map(|it| format!(", as `{it}` says")).unwrap_or_default();
            let or = variable.map(|it| format!(", or correct `{it}`")).unwrap_or_default();
            findings.on(
                &member,
                format!("`{name}` keeps data in `{path}`{said}, which {fault}"),
                Help::new(
                    format!("mount a precious volume or host path at `{at}`{or}"),
                    format!("mount a volume or a host path at `{at}`{or}"),
                ),
            );
        }
    }
}

/// Returns why the data of a mount need not be kept, where its image says otherwise.
fn scratch(member: &Member<'_>, mount: &ServiceMount) -> Option<&'static str> {
    let kind = member.contract().and_then(|it| it.kind.get());
    let Policy::Scratch(because) = member.declared(mount)?.policy else { return None };
    let is_told = matches!(kind, Some(ImageKind::Database | ImageKind::Cache));
    (!is_told).then_some(because)
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_image, break_stack, spec};
    use crate::compose::Service;
    use crate::dsl::contract::{Contract, ImageKind, Setting, ran};
    use crate::dsl::resource::Policy;

    fn web(change: impl FnOnce(&mut Service)) -> String {
        break_file(|file| change(&mut file.services["web"]))
    }

    fn image(target: &str, change: impl FnOnce(&mut Contract)) -> String {
        break_image(|file| file.services["web"].volumes[0].target = target.to_owned(), change)
    }

    #[test]
    fn data_without_a_mount_is_found() {
        insta::assert_snapshot!(image("/file", |_| {}), @r"
        error[data-mounted]: `web` keeps data in `/files`, which is not mounted
          --> web.rs
          help: mount a precious volume or host path at `/files`
        ");
    }

    #[test]
    fn a_read_only_mount_keeps_nothing() {
        let found = web(|it| it.volumes[0].read_only = true);
        assert!(found.contains("`/files`, which is mounted read-only at `/files`\n"), "{found}");
    }

    #[test]
    fn a_folder_in_memory_that_covers_it_is_found() {
        let found = break_image(
            |file| file.services["web"].tmpfs.push("/files/a/:size=8m".to_owned()),
            |image| image.data = ran("tests").all(["/files/a/b"]),
        );
        insta::assert_snapshot!(found, @r"
        error[data-mounted]: `web` keeps data in `/files/a/b`, which is in memory at `/files/a`
          --> web.rs
          help: mount a precious volume or host path at `/files/a/b`
        ");
        assert_eq!(web(|it| it.tmpfs.push("/files/cache".to_owned())), "", "one below");
    }

    #[test]
    fn what_must_survive_is_no_scratch_but_a_cache_may_be() {
        let scratch = |kind| {
            break_stack(|stack| {
                let mut catalogue = stack.catalogue().to_vec();
                catalogue[0].kind = ran("tests").is(kind);
                *stack = stack.clone().knowing(catalogue);
                spec(stack, "web").mounts[0].policy = Policy::Scratch("a try");
            })
        };
        insta::assert_snapshot!(scratch(ImageKind::App), @r"
        error[data-mounted]: `web` keeps data in `/files`, which is scratch: a try
          --> web.rs
          help: mount a precious volume or host path at `/files`
        ");
        let cache = scratch(ImageKind::Cache);
        assert!(!cache.contains("data-mounted"), "{cache}");
    }

    #[test]
    fn a_mount_above_is_fine_unless_the_image_declares_a_volume_below_it() {
        let by = ran("tests");
        let inner = |image: &mut Contract| {
            image.data = by.all(["/files/a/b"]);
            image.volumes = by.all(["/files/a"]);
        };
        assert_eq!(image("/files", |image| image.data = by.all(["/files/a/b"])), "");
        insta::assert_snapshot!(image("/files", inner), @r"
        error[data-mounted]: `web` keeps data in `/files/a/b`, which is in an anonymous volume at `/files/a`
          --> web.rs
          help: mount a precious volume or host path at `/files/a`
        ");
        for target in ["/files/a", "/files//a/", "/files/a/b"] {
            assert_eq!(image(target, inner), "", "{target}");
        }
    }

    #[test]
    fn data_is_where_a_variable_says() {
        let by = ran("tests");
        let found = |value: &str| {
            break_image(
                |file| drop(file.services["web"].environment.insert("DATA".into(), value.into())),
                |image| image.data_variables = by.all([Setting::new("DATA", Some("/files"))]),
            )
        };
        insta::assert_snapshot!(found("/tmp/x"), @r"
        error[data-mounted]: `web` keeps data in `/tmp/x`, as `DATA` says, which is in memory at `/tmp`
          --> web.rs
          help: mount a precious volume or host path at `/tmp/x`, or correct `DATA`
        ");
        for value in ["/files", "/files/web", "relative"] {
            assert_eq!(found(value), "", "{value}");
        }
    }
}
