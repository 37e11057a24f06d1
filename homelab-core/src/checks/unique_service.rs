//! One name, one service.
//!
//! A Compose file is a map: of two services with one name only one is left, and nobody is told
//! which.
//!
//! Fix: give one of them another name.

use std::panic::Location;

use indexmap::IndexMap;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "unique-service",
    severity: Severity::Error,
    source: include_str!("unique_service.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let Some(stack) = project.stack() else { return };
    let mut places: IndexMap<_, &Location<'_>> = IndexMap::new();
    for spec in &stack.services {
        if let Some(first) = places.insert(spec.name, spec.place) {
            findings.about(
                spec.name.as_str(),
                format!(
                    "two services are called `{}`: at {}:{} and at {}:{}",
                    spec.name,
                    first.file(),
                    first.line(),
                    spec.place.file(),
                    spec.place.line()
                ),
                "give one of them another name".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};

    #[test]
    fn a_second_service_of_one_name_is_found() {
        let here = super::Location::caller();
        let found = break_stack(|stack| {
            let mut twin = spec(stack, "fetch").clone();
            twin.place = here;
            stack.services.push(twin);
        });
        let found = found.replace(&format!(":{}", here.line()), ":LINE");
        assert!(
            found.starts_with("error[unique-service]: two services are called `fetch`: at "),
            "{found}"
        );
        assert!(
            found.ends_with(
                "unique_service.rs:LINE\n  --> fetch\n  help: give one of them another name"
            ),
            "{found}"
        );
    }
}
