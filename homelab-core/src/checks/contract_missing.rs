//! What is known of an image is written down, in a contract.
//!
//! Without one nobody has said where it keeps data, what it listens on and whom it lets in, and the
//! rules that need to know find nothing: silence then says nothing.
//!
//! Fix: write a contract, as CONTRIBUTING.md says. `cargo xtask new-service` writes the skeleton.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::image::BUILT;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "contract-missing",
    severity: Severity::Warning,
    source: include_str!("contract_missing.rs"),
    run,
};

/// Only authors of a stack have contracts to write.
fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members().filter(|it| it.facts().is_declared) {
        let repository = member.image().repository;
        // Of another version another rule says it, and what is in an image of its own the household knows.
        let is_own = repository.starts_with(BUILT);
        if member.contract().is_none() && project.other_versions(repository).is_none() && !is_own {
            findings.on(
                &member,
                format!("no contract knows `{repository}`, which `{}` runs", member.name),
                "write one: until then the rules about images find nothing here".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_image, break_stack};
    use crate::dsl::contract::Tags;

    #[test]
    fn an_image_that_nobody_knows_is_found() {
        let found = break_image(|_| {}, |image| image.repository = "example/other".to_owned());
        insta::assert_snapshot!(found, @r"
        error[health-check]: `web` has no health check, and no contract says that its image brings one
          --> web.rs
          help: say `Health::command(…)` with what the image contains
        warning[contract-missing]: no contract knows `example/web`, which `web` runs
          --> web.rs
          help: write one: until then the rules about images find nothing here
        ");
        let found = break_image(|_| {}, |image| image.tags = Tags::since("2"));
        assert!(!found.contains("contract-missing"), "{found}");
        assert_eq!(break_stack(|_| {}), "");
    }
}
