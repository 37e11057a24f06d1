//! Every service has a health check, of its own or of its image.
//!
//! Without one a container that hangs is `running` for ever: nothing waits for it, nothing
//! reports it, and an update that breaks it passes for a success.
//!
//! A job needs none: whoever uses it waits until it has ended.
//!
//! An image of which nobody knows that it ships a check counts as one that has none.
//!
//! Fix: set `healthcheck:`. For an image that ships one, say so in its contract; for an image
//! that cannot be probed, give the reason to `Health::unprobed`.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "health-check",
    severity: Severity::Error,
    source: include_str!("health_check.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let needs_none = member.facts().unprobed.is_some() || project.is_job(&member);
        if !member.has_health_check() && !needs_none {
            let own = member.service.healthcheck.as_ref();
            let is_of_image = own.is_none_or(|it| !it.disable && it.test.is_empty());
            let why =
                if is_of_image { ", and no contract says that its image brings one" } else { "" };
            findings.on(
                &member,
                format!("`{}` has no health check{why}", member.name),
                Help::new(
                    "say `Health::command(…)` with what the image contains",
                    "set `healthcheck.test` to what the image contains",
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_check_without_a_program_is_none() {
        let found = break_file(|file| {
            let check = file.services["dump"].healthcheck.as_mut().expect("it has a check");
            check.test.truncate(1);
        });
        assert!(found.starts_with("error[health-check]: `dump`"), "{found}");
    }

    use crate::checks::testing::{break_file, break_stack, spec};
    use crate::compose::Healthcheck;
    use crate::dsl::health::Health;

    #[test]
    fn a_service_without_one_is_found() {
        let found = break_file(|file| file.services["fetch"].healthcheck = None);
        insta::assert_snapshot!(found, @r"
        error[health-check]: `fetch` has no health check, and no contract says that its image brings one
          --> fetch.rs
          help: say `Health::command(…)` with what the image contains
        ");
    }

    #[test]
    fn a_disabled_one_is_found() {
        let found = break_file(|file| {
            file.services["web"].healthcheck =
                Some(Healthcheck { disable: true, ..Healthcheck::default() });
        });
        insta::assert_snapshot!(found, @r"
        error[health-check]: `web` has no health check
          --> web.rs
          help: say `Health::command(…)` with what the image contains
        ");
    }

    #[test]
    fn a_reason_is_enough() {
        let found = break_stack(|stack| spec(stack, "fetch").health = Health::unprobed("no shell"));
        assert_eq!(found, "");
    }

    #[test]
    fn a_check_that_the_image_may_not_have_is_found() {
        let found = break_stack(|stack| spec(stack, "fetch").health = Health::from_image());
        insta::assert_snapshot!(found, @r"
        error[health-check]: `fetch` has no health check, and no contract says that its image brings one
          --> fetch.rs
          help: say `Health::command(…)` with what the image contains
        ");
    }
}
