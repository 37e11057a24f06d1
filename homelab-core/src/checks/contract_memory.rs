//! No service has a memory limit below what its image needs at least.
//!
//! The kernel stops such a service in the middle of its work, at once or when there is much to do.
//!
//! Fix: raise the limit; `homelab explain` names the source of the figure.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::dsl::units::MemoryRange;
use crate::model::budget;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "contract-memory",
    severity: Severity::Error,
    source: include_str!("contract_memory.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let least = member.contract().and_then(|contract| contract.memory.get());
        let limit = budget::memory(project, &member).map(MemoryRange::limit);
        let (Some(least), Some(limit)) = (least, limit) else { continue };
        if limit < *least {
            findings.on(
                &member,
                format!("`{}` is stopped above {limit}, and its image needs {least}", member.name),
                Help::new(
                    format!("raise the limit of `.memory(…)` to {least} or more"),
                    format!("raise `deploy.resources.limits.memory` to {least} or more"),
                ),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_image;
    use crate::dsl::contract::ran;
    use crate::dsl::units::Memory;

    fn needing(least: Memory) -> String {
        break_image(|_| {}, |image| image.memory = ran("tests").is(least))
    }

    #[test]
    fn a_limit_below_what_the_image_needs_is_found() {
        assert_eq!(needing(Memory::mib(128)), "");
        insta::assert_snapshot!(needing(Memory::mib(129)), @r"
        error[contract-memory]: `web` is stopped above 128 MiB, and its image needs 129 MiB
          --> web.rs
          help: raise the limit of `.memory(…)` to 129 MiB or more
        ");
    }
}
