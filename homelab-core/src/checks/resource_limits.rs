//! Every service has a limit for memory, processor time and processes that the host can keep.
//!
//! Without a memory limit one leak takes the host down and not only its service; without a
//! process limit a fork bomb does. Docker refuses a container that may use more cores than
//! the host has.
//!
//! Fix: set `deploy.resources.limits` with `memory`, `cpus` and `pids`. In the DSL: `.memory(…)`.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "resource-limits",
    severity: Severity::Error,
    source: include_str!("resource_limits.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let resources = member.service.deploy.as_ref().and_then(|it| it.resources.as_ref());
        let limits = resources.and_then(|it| it.limits.clone()).unwrap_or_default();
        let set = [
            ("memory", limits.memory.is_some()),
            ("cpus", limits.cpus.is_some()),
            ("pids", limits.pids.is_some()),
        ];
        let missing: Vec<_> =
            set.iter().filter(|it| !it.1).map(|it| format!("`{}`", it.0)).collect();
        if !missing.is_empty() {
            findings.on(
                &member,
                format!("`{}` has no limit for {}", member.name, missing.join(", ")),
                Help::new(
                    "say `.memory(…)`",
                    format!("set {} of `deploy.resources.limits`", missing.join(", ")),
                ),
            );
        }
        let cpus = limits.cpus.map(|it| project.resolve(&it)).unwrap_or_default();
        let cores = project.stack().map_or(u32::MAX, |it| it.site.cores);
        if cpus.parse().is_ok_and(|it: f64| it > f64::from(cores)) {
            findings.on(
                &member,
                format!("`{}` may use `{cpus}` cores, and the host has {cores}", member.name),
                format!("set `cpus` to {cores} or less: Docker refuses more"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, spec};
    use crate::dsl::units::Cpus;

    #[test]
    fn a_missing_limit_is_found() {
        let found = break_stack(|stack| spec(stack, "web").memory = None);
        insta::assert_snapshot!(found, @r"
        error[resource-limits]: `web` has no limit for `memory`
          --> web.rs
          help: say `.memory(…)`
        ");
    }

    #[test]
    fn missing_limits_are_one_finding() {
        let found = break_file(|file| file.services["web"].deploy = None);
        insta::assert_snapshot!(found, @r"
        error[resource-limits]: `web` has no limit for `memory`, `cpus`, `pids`
          --> web.rs
          help: say `.memory(…)`
        ");
    }

    #[test]
    fn more_cores_than_the_host_has_are_found() {
        let found = break_stack(|stack| spec(stack, "web").cpus = Cpus::cores(3));
        insta::assert_snapshot!(found, @r"
        error[resource-limits]: `web` may use `3.00` cores, and the host has 2
          --> web.rs
          help: set `cpus` to 2 or less: Docker refuses more
        ");
    }
}
