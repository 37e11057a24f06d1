//! What is known of an image is known of the version that runs.
//!
//! A contract says for which tags it holds. Outside of them nobody has looked: rules that need the
//! image's facts find nothing, and a new version may listen elsewhere, write elsewhere or ask nobody
//! for a password. Where two contracts hold for one version, only one of them would count.
//!
//! Fix: read the image's release notes, correct its contract, and widen `tags` there; or write another
//! contract for the new versions. Of two contracts for one version remove one.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "contract-range",
    severity: Severity::Error,
    source: include_str!("contract_range.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    unknown(project, findings);
    if project.stack().is_some() {
        ambiguous(project, findings);
    }
}

/// Reports versions of which two contracts speak: only one of them would count.
fn ambiguous(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members().filter(|it| project.contracts_of(it) > 1) {
        let image = member.image();
        findings.on(
            &member,
            format!(
                "{} contracts hold for `{}:{}`, which `{}` runs",
                project.contracts_of(&member),
                image.repository,
                image.tag.unwrap_or("latest"),
                member.name
            ),
            "remove one of them, or give them ranges of `tags` that do not overlap".to_owned(),
        );
    }
}

/// Reports versions of which no contract speaks, though one speaks of others.
fn unknown(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members().filter(|it| it.contract().is_none()) {
        let image = member.image();
        let Some(others) = project.other_versions(image.repository) else { continue };
        let tag = image.tag.unwrap_or("latest");
        findings.on(
            &member,
            format!(
                "`{}` runs `{}:{tag}`, and what is known of that image is about {others}",
                member.name, image.repository
            ),
            "read its release notes, then widen `tags` of its contract, or write another one"
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use crate::checks::testing::{break_image, good};
    use crate::dsl::contract::{Contract, Tags};
    use crate::model::project::Project;

    #[test]
    fn a_version_that_nobody_looked_at_is_found() {
        let found = break_image(|_| {}, |image| image.tags = Tags::between("2", "3"));
        let told = "error[contract-range]: `web` runs `example/web:1.2`, and what is known of that \
                    image is about 2 and later, before 3\n";
        assert!(found.contains(told), "{found}");
        let found = break_image(|_| {}, |image| image.tags = Tags::since("2"));
        assert!(found.contains("is about 2 and later\n"), "{found}");
    }

    #[test]
    fn two_contracts_for_one_version_are_found() {
        let twice = |from: &str, before: &str| {
            let mut stack = good();
            let second =
                Contract { tags: Tags::between(from, before), ..Contract::of("example/web") };
            let catalogue = [stack.catalogue(), &[second]].concat();
            stack = stack.knowing(catalogue);
            let found = check(&Project::from_stack(&stack)).findings;
            found.into_iter().map(|it| it.message).collect::<Vec<_>>()
        };
        let told = "2 contracts hold for `example/web:1.2`, which `web` runs";
        assert_eq!(twice("1", "2"), [told]);
        assert_eq!(twice("2", "3"), [""; 0]);
    }

    #[test]
    fn of_an_image_without_contract_nothing_is_said() {
        let found = break_image(|_| {}, |image| image.repository = "example/other".to_owned());
        assert!(!found.contains("contract-range"), "{found}");
    }
}
