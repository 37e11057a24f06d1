//! Every service has a limit for memory, processor time and processes that the host can keep.
//!
//! Without a memory limit one leak takes the host down and not only its service; without a
//! process limit a fork bomb does. Docker refuses a container that may use more cores than
//! the host has. With fewer than 8 processes and threads no service lives: Docker's init, a program,
//! and a health check with its shell are four, and most programs have threads.
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

/// The fewest processes and threads that a service may be limited to. Docker itself accepts 1.
const PIDS: u32 = 8;

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
        if let Some(pids) = limits.pids.filter(|it| (1..PIDS).contains(it)) {
            findings.on(
                &member,
                format!(
                    "`{}` may have {pids} processes and threads, too few to start",
                    member.name
                ),
                Help::new(
                    format!("say `.pids({PIDS})` or more, or leave the default"),
                    format!("set `pids` of `deploy.resources.limits` to {PIDS} or more"),
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
    fn too_few_processes_are_found() {
        let found = break_stack(|stack| spec(stack, "web").pids = 7);
        insta::assert_snapshot!(found, @r"
        error[resource-limits]: `web` may have 7 processes and threads, too few to start
          --> web.rs
          help: say `.pids(8)` or more, or leave the default
        ");
        assert_eq!(break_stack(|stack| spec(stack, "web").pids = 8), "");
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
