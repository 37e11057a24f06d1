//! No mount, folder in memory or secret of a service hides another one, or its program.
//!
//! With two at one path Compose refuses the file, or the engine the container; where neither does, one
//! hides the other. One at a folder of the system, such as `/usr`, hides the program itself.
//!
//! Fix: remove it, or give it another path in the container.

use indexmap::IndexMap;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::{Service, ServiceMount, ServiceSecret};
use crate::model::project::{Project, clean_path};

pub(super) const RULE: Rule = Rule {
    id: "mount-target",
    severity: Severity::Error,
    source: include_str!("mount_target.rs"),
    run,
};

/// Folders that are part of the image, or of the kernel.
const SYSTEM: &[&str] =
    &["/", "/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/sbin", "/sys", "/usr"];

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let mut taken: IndexMap<String, String> = IndexMap::new();
        for (target, what) in places(member.service) {
            let (target, what) = (project.resolve(&target), project.resolve(&what));
            let path = clean_path(&target);
            if SYSTEM.contains(&path.as_str()) {
                findings.on(
                    &member,
                    format!("`{}` has {what} at `{target}`, which hides its program", member.name),
                    "give it another path in the container".to_owned(),
                );
            }
            let Some(other) = taken.insert(path, what.clone()) else { continue };
            findings.on(
                &member,
                format!("`{}` has {other} and {what} at `{target}`", member.name),
                "remove one of the two, or give it another path in the container".to_owned(),
            );
        }
    }
}

/// Returns each path of the container at which something is put, and what that is.
fn places(service: &Service) -> Vec<(String, String)> {
    let mount = |it: &ServiceMount| (it.target.clone(), format!("`{}`", it.source));
    let memory = |it: &String| {
        let path = it.split_once(':').map_or(it.as_str(), |it| it.0);
        (path.to_owned(), "a tmpfs".to_owned())
    };
    let secret = |it: &ServiceSecret| (it.path(), format!("the secret `{}`", it.source));
    let mounts = service.volumes.iter().map(mount);
    mounts
        .chain(service.tmpfs.iter().map(memory))
        .chain(service.secrets.iter().map(secret))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;
    use crate::compose::Service;

    fn web(change: impl FnOnce(&mut Service)) -> String {
        break_file(|file| change(&mut file.services["web"]))
    }

    #[test]
    fn what_hides_the_program_is_found() {
        let program = web(|it| {
            let mut more = it.volumes[0].clone();
            more.target = "/usr/".to_owned();
            it.volumes.push(more);
        });
        insta::assert_snapshot!(program, @r"
        error[mount-target]: `web` has `$DATA_ROOT/files` at `/usr/`, which hides its program
          --> web.rs
          help: give it another path in the container
        ");
        insta::assert_snapshot!(web(|it| it.tmpfs.push("/sync/../etc".to_owned())), @r"
        error[mount-target]: `web` has a tmpfs at `/sync/../etc`, which hides its program
          --> web.rs
          help: give it another path in the container
        ");
        // A part of a folder of the system is the image's to offer.
        assert_eq!(web(|it| it.tmpfs.push("/etc/web".to_owned())), "");
    }

    #[test]
    fn two_things_at_one_path_are_found() {
        let mounts = web(|it| {
            let mut again = it.volumes[0].clone();
            again.source += "/new";
            again.target += "/";
            it.volumes.push(again);
        });
        insta::assert_snapshot!(mounts, @r"
        error[mount-target]: `web` has `$DATA_ROOT/files` and `$DATA_ROOT/files/new` at `/files/`
          --> web.rs
          help: remove one of the two, or give it another path in the container
        ");
        insta::assert_snapshot!(web(|it| it.tmpfs.push("/files:size=8m".to_owned())), @r"
        error[mount-target]: `web` has `$DATA_ROOT/files` and a tmpfs at `/files`
          --> web.rs
          help: remove one of the two, or give it another path in the container
        ");
        insta::assert_snapshot!(web(|it| it.tmpfs.push("/run/secrets/db-password".to_owned())), @r"
        error[mount-target]: `web` has a tmpfs and the secret `db-password` at `/run/secrets/db-password`
          --> web.rs
          help: remove one of the two, or give it another path in the container
        ");
    }

    #[test]
    fn one_inside_the_other_is_fine() {
        assert_eq!(web(|it| it.tmpfs.push("/files/new".to_owned())), "");
    }
}
