//! What is known of an image is known of the version that runs.
//!
//! A contract says for which tags it holds. Outside of them nobody has looked: rules that need the
//! image's facts find nothing, and a new version may listen elsewhere, write elsewhere or ask nobody
//! for a password.
//!
//! Fix: read the image's release notes, correct its contract, and widen `tags` there; or write another
//! contract for the new versions.

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
    use crate::checks::testing::break_image;
    use crate::dsl::contract::Tags;

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
    fn of_an_image_without_contract_nothing_is_said() {
        let found = break_image(|_| {}, |image| image.repository = "example/other".to_owned());
        assert!(!found.contains("contract-range"), "{found}");
    }
}
