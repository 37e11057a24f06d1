//! The root file system of a service is read-only, unless there is a recorded reason.
//!
//! What cannot be written cannot be replaced: whoever takes the process over cannot leave a
//! program behind, and nothing that matters is kept in the container by mistake, where the
//! next update deletes it.
//!
//! Fix: set `read_only: true` and give the folders that the image writes to a volume or a
//! tmpfs. Where an image cannot work like that, say so with `.writable_root("…")`.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::dsl::contract::ReadOnly;
use crate::dsl::privilege::Exception;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "read-only-root",
    severity: Severity::Error,
    source: include_str!("read_only_root.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members().filter(|it| !it.service.read_only) {
        let fails = member
            .contract()
            .is_some_and(|it| matches!(it.read_only.get(), Some(ReadOnly::Fails(_))));
        if !fails && member.reason_for(Exception::WritableRoot).is_none() {
            findings.on(
                &member,
                format!("`{}` can write to its root file system", member.name),
                Help::new("remove what switches it off, or say why with `.writable_root(\"…\")`", "set `read_only: true`, or say why not with the label `homelab.accepts.writable.root`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::ReadOnly;
    use crate::checks::testing::{break_image, break_stack, spec};
    use crate::dsl::contract::ran;
    use crate::dsl::privilege::Exception;

    #[test]
    fn a_writable_root_without_reason_is_found() {
        let found = break_stack(|stack| spec(stack, "web").read_only = false);
        insta::assert_snapshot!(found, @r#"
        error[read-only-root]: `web` can write to its root file system
          --> web.rs
          help: remove what switches it off, or say why with `.writable_root("…")`
        "#);
    }

    #[test]
    fn a_recorded_reason_is_accepted() {
        let found = break_stack(|stack| {
            let web = spec(stack, "web");
            web.read_only = false;
            web.exceptions.push((Exception::WritableRoot, "it installs plugins"));
        });
        assert_eq!(found, "");
    }

    #[test]
    fn an_image_that_fails_with_it_is_accepted() {
        let found = break_image(
            |file| file.services["web"].read_only = false,
            |image| {
                image.read_only =
                    ran("tests").is(ReadOnly::Fails("it installs plugins".to_owned()));
            },
        );
        assert_eq!(found, "");
    }
}
