//! A dependency exists, and can be waited for.
//!
//! `condition: service_healthy` on a service without health check never comes true: Compose
//! stops with an error, or waits until it gives up. A dependency that does not exist is
//! refused.
//!
//! Fix: give the dependency a health check, or wait for `service_started`. The DSL chooses the
//! condition by itself.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::Condition;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "depends-healthy",
    severity: Severity::Error,
    source: include_str!("depends_healthy.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for (name, dependency) in &member.service.depends_on {
            match project.member(name) {
                None => findings.on(
                    &member,
                    format!("`{}` depends on `{name}`, which does not exist", member.name),
                    format!("add the service `{name}`, or remove it from `depends_on`"),
                ),
                Some(other)
                    if dependency.condition == Condition::ServiceHealthy
                        && !other.has_health_check() =>
                {
                    findings.on(
                        &member,
                        format!(
                            "`{}` waits until `{name}` is healthy, which has no health check",
                            member.name
                        ),
                        format!("give `{name}` a health check, or wait for `service_started`"),
                    );
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, spec};
    use crate::compose::{Condition, Dependency};
    use crate::dsl::health::Health;

    #[test]
    fn a_dependency_without_health_check_is_found() {
        let found =
            break_stack(|stack| spec(stack, "socket").health = Health::unprobed("no shell"));
        insta::assert_snapshot!(found, @r"
        error[depends-healthy]: `caddy` waits until `socket` is healthy, which has no health check
          --> caddy.rs
          help: give `socket` a health check, or wait for `service_started`
        ");
    }

    #[test]
    fn a_dependency_that_does_not_exist_is_found() {
        let found = break_file(|file| {
            let dependency = Dependency { condition: Condition::ServiceStarted, restart: false };
            file.services["fetch"].depends_on.insert("ghost".to_owned(), dependency);
        });
        insta::assert_snapshot!(found, @r"
        error[depends-healthy]: `fetch` depends on `ghost`, which does not exist
          --> fetch.rs
          help: add the service `ghost`, or remove it from `depends_on`
        ");
    }
}
