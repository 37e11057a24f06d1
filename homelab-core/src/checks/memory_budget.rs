//! What the services that can run together need of memory fits into the host's memory.
//!
//! The needs of all that can run together, and the largest difference between a limit and a need
//! among them, must fit into the host's memory less its reserve. What does not fit is a promise
//! that the kernel breaks: under load it kills some process, and not the one that is to blame.
//! Limits may add up to more than there is, because they do not grow all at once. Where nothing is
//! reserved for a service, its limit counts as its need.
//!
//! Fix: lower needs and limits, name in `Site::never` the profiles that this host never switches
//! on, or raise `Site::memory` with the host's. `Stack::accept` takes a house that does not fit.

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
        let grows = match &need.grows {
            Some(name) => {
                format!(" and `{name}` may take {} MiB above its need", need.growth.as_mib())
            }
            None => String::new(),
        };
        let never = if need.profiles.is_empty() { "" } else { "name a profile in `Site::never`, " };
        let over = need.total.saturating_sub(available);
        findings.about(
            stack.site.project,
            format!(
                "{when} services need {} MiB of memory{grows}: {} MiB more than the host has for them",
                need.needs.as_mib(),
                over.as_mib()
            ),
            format!(
                "{never}lower a need, the largest are {}, or correct `memory` of the `Site`; \
                 `Stack::accept(\"{}\", …)` takes it as it is",
                largest(project, &need.profiles),
                RULE.id
            ),
        );
    }
}

/// Names the three services with the largest needs in a set of profiles.
fn largest(project: &Project<'_>, profiles: &[String]) -> String {
    let profiles: Vec<_> = profiles.iter().map(String::as_str).collect();
    let running = project.members().filter(|it| it.is_enabled_by(&profiles));
    let mut needs: Vec<_> =
        running.filter_map(|it| Some((budget::memory(project, &it)?.need(), it.name))).collect();
    needs.sort_by_key(|it| std::cmp::Reverse(it.0));
    let names: Vec<_> =
        needs.iter().take(3).map(|it| format!("`{}` ({} MiB)", it.1, it.0.as_mib())).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::units::{Memory, MemoryRange};

    fn with(name: &str, memory: MemoryRange) -> String {
        break_stack(|stack| spec(stack, name).memory = Some(memory))
    }

    #[test]
    fn the_base_alone_can_be_too_large() {
        let found = with("fetch", Memory::gib(2).up_to(Memory::gib(2)));
        insta::assert_snapshot!(found, @r#"
        error[memory-budget]: without profiles services need 2096 MiB of memory and `caddy` may take 32 MiB above its need: 336 MiB more than the host has for them
          --> house
          help: lower a need, the largest are `fetch` (2048 MiB), `caddy` (32 MiB), `socket` (16 MiB), or correct `memory` of the `Site`; `Stack::accept("memory-budget", …)` takes it as it is
        "#);
    }

    #[test]
    fn the_smallest_set_that_does_not_fit_is_named() {
        let found = with("web", Memory::mib(1600).up_to(Memory::mib(1700)));
        insta::assert_snapshot!(found, @r#"
        error[memory-budget]: with the profile `notes` services need 1776 MiB of memory and `web` may take 100 MiB above its need: 84 MiB more than the host has for them
          --> house
          help: name a profile in `Site::never`, lower a need, the largest are `web` (1600 MiB), `db` (64 MiB), `caddy` (32 MiB), or correct `memory` of the `Site`; `Stack::accept("memory-budget", …)` takes it as it is
        "#);
    }

    #[test]
    fn one_service_may_grow_and_not_all_at_once() {
        // 1792 MiB are there, and the others need 176 of them.
        assert_eq!(with("web", Memory::mib(68).up_to(Memory::mib(1616))), "");
        let found = with("web", Memory::mib(68).up_to(Memory::mib(1617)));
        insta::assert_snapshot!(found, @r#"
        error[memory-budget]: with the profile `notes` services need 244 MiB of memory and `web` may take 1549 MiB above its need: 1 MiB more than the host has for them
          --> house
          help: name a profile in `Site::never`, lower a need, the largest are `web` (68 MiB), `db` (64 MiB), `caddy` (32 MiB), or correct `memory` of the `Site`; `Stack::accept("memory-budget", …)` takes it as it is
        "#);
        let both = break_stack(|stack| {
            spec(stack, "web").memory = Some(Memory::mib(64).up_to(Memory::gib(1)));
            spec(stack, "fetch").memory = Some(Memory::mib(32).up_to(Memory::gib(1)));
        });
        assert_eq!(both, "");
    }

    #[test]
    fn profiles_that_are_never_on_are_left_out() {
        let found = break_stack(|stack| {
            spec(stack, "web").memory = Some(Memory::mib(1600).up_to(Memory::mib(1600)));
            stack.site.never = stack.site.profiles;
        });
        assert_eq!(found, "");
    }
}
