//! The memory limits of all services that can run together fit into the host's memory.
//!
//! Limits that add up to more than there is are a promise that the kernel breaks: under load
//! it kills some process, and not the one that is to blame.
//!
//! Fix: lower limits, raise `Site::memory` with the host's, or do not run these profiles together.

use super::{Findings, Rule};
use crate::budget;
use crate::finding::Severity;
use crate::project::Project;

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
            profiles => format!("with the profiles `{}`", profiles.join("`, `")),
        };
        findings.about(
            stack.site.project,
            format!("{when} services may use {} of memory, and {available} are there", need.total),
            "lower the limits of the largest services".to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::units::Memory;

    #[test]
    fn the_base_alone_can_be_too_large() {
        let found = break_stack(|stack| spec(stack, "fetch").memory = Some(Memory::gib(2)));
        insta::assert_snapshot!(found, @r"
        error[memory-budget]: without profiles services may use 2144 MiB of memory, and 1.75 GiB are there
          --> house
          help: lower the limits of the largest services
        ");
    }

    #[test]
    fn the_smallest_set_that_does_not_fit_is_named() {
        let found = break_stack(|stack| spec(stack, "web").memory = Some(Memory::mib(1600)));
        insta::assert_snapshot!(found, @r"
        error[memory-budget]: with the profiles `notes` services may use 1952 MiB of memory, and 1.75 GiB are there
          --> house
          help: lower the limits of the largest services
        ");
    }
}
