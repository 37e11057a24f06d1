//! The memory limits of all services that can run together fit into the host's memory.
//!
//! Limits that add up to more than there is are a promise that the kernel breaks: under load
//! it kills some process, and not the one that is to blame.
//!
//! Fix: lower limits, raise `Site::memory` with the host's, or do not run these profiles together.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::budget;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "memory-budget",
    severity: Severity::Error,
    source: include_str!("memory_budget.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let (Some(stack), Some(available)) = (project.stack(), budget::available(project)) else {
        return;
    };
    // Small sets come first, so that the first one that does not fit says where the trouble begins.
    if let Some(need) = budget::needs(project).iter().find(|it| !it.fits) {
        let when = match need.profiles.as_slice() {
            [] => "without profiles".to_owned(),
            [profile] => format!("with the profile `{profile}`"),
            profiles => format!("with the profiles `{}`", profiles.join("`, `")),
        };
        let over = need.total.saturating_sub(available);
        findings.about(
            stack.site.project,
            format!(
                "{when} services may use {} MiB of memory: {} MiB more than the host has for them",
                need.total.as_mib(),
                over.as_mib()
            ),
            format!(
                "lower a limit, the largest are {}, or correct `memory` and `reserve` of the `Site`",
                largest(project, &need.profiles)
            ),
        );
    }
}

/// Names the three services with the largest limits in a set of profiles.
fn largest(project: &Project<'_>, profiles: &[String]) -> String {
    let profiles: Vec<_> = profiles.iter().map(String::as_str).collect();
    let running = project.members().filter(|it| it.is_enabled_by(&profiles));
    let mut limits: Vec<_> =
        running.filter_map(|it| Some((budget::limit(project, &it)?, it.name))).collect();
    limits.sort_by_key(|it| std::cmp::Reverse(it.0));
    let names: Vec<_> =
        limits.iter().take(3).map(|it| format!("`{}` ({} MiB)", it.1, it.0.as_mib())).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::units::Memory;

    #[test]
    fn the_base_alone_can_be_too_large() {
        let found = break_stack(|stack| spec(stack, "fetch").memory = Some(Memory::gib(2)));
        insta::assert_snapshot!(found, @r"
        error[memory-budget]: without profiles services may use 2144 MiB of memory: 352 MiB more than the host has for them
          --> house
          help: lower a limit, the largest are `fetch` (2048 MiB), `caddy` (64 MiB), `socket` (32 MiB), or correct `memory` and `reserve` of the `Site`
        ");
    }

    #[test]
    fn the_smallest_set_that_does_not_fit_is_named() {
        let found = break_stack(|stack| spec(stack, "web").memory = Some(Memory::mib(1600)));
        insta::assert_snapshot!(found, @r"
        error[memory-budget]: with the profile `notes` services may use 1952 MiB of memory: 160 MiB more than the host has for them
          --> house
          help: lower a limit, the largest are `web` (1600 MiB), `db` (128 MiB), `caddy` (64 MiB), or correct `memory` and `reserve` of the `Site`
        ");
    }
}
