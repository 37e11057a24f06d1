//! Breaks the small household in exactly one way for tests of rules, and renders the findings.

use crate::checks::check;
use crate::checks::finding::Place;
use crate::compose::File;
use crate::dsl::contract::{Contract, Fact, Panel, PanelLogin, ran};
use crate::dsl::stack::Stack;
use crate::dsl::units::Port;
use crate::lower::lower;
use crate::model::project::Project;
pub(crate) use crate::testing::*;

/// Breaks the good example's file and renders all findings; what its author declared stays known.
pub(crate) fn break_file(change: impl FnOnce(&mut File)) -> String {
    break_both(|_| {}, change)
}

/// Breaks the good example's stack, then the file that it is lowered to.
pub(crate) fn break_both(
    stack_change: impl FnOnce(&mut Stack),
    file_change: impl FnOnce(&mut File),
) -> String {
    let mut stack = good();
    stack_change(&mut stack);
    let mut file = lower(&stack);
    file_change(&mut file);
    render(&Project::new(file, Some(&stack), &CATALOGUE))
}

/// Breaks the good example's file and changes the contract of `web`'s image.
pub(crate) fn break_image(
    file_change: impl FnOnce(&mut File),
    image_change: impl FnOnce(&mut Contract),
) -> String {
    let stack = good();
    let mut file = lower(&stack);
    file_change(&mut file);
    let mut catalogue = CATALOGUE.to_vec();
    image_change(&mut catalogue[0]);
    render(&Project::new(file, Some(&stack), &catalogue))
}

/// Makes a panel of `web` with this login.
pub(crate) fn panel(login: PanelLogin) -> Fact<Option<Panel>> {
    ran("tests").is(Panel::new(Port::new(8080), login))
}

/// Breaks the good example's stack and renders all findings.
pub(crate) fn break_stack(change: impl FnOnce(&mut Stack)) -> String {
    let mut stack = good();
    change(&mut stack);
    render(&Project::from_stack(&stack))
}

/// Returns the service with a name, so that a test can break it.
pub(crate) fn spec<'a>(stack: &'a mut Stack, name: &str) -> &'a mut crate::dsl::service::Spec {
    let found = stack.services.iter_mut().find(|it| it.name.as_str() == name);
    found.expect("the good example has this service")
}

fn render(project: &Project<'_>) -> String {
    let mut verdict = check(project);
    for finding in &mut verdict.findings {
        // The same line below all of them, which the tests of `checks.rs` read.
        finding.accept = None;
        // Line numbers would make the tests depend on this file.
        let file = finding.subject.clone() + ".rs";
        finding.place = finding.place.is_some().then_some(Place { file, line: None, column: None });
    }
    let findings: Vec<_> = verdict.findings.iter().map(ToString::to_string).collect();
    findings.join("\n")
}

#[test]
fn the_good_example_is_clean() {
    assert_eq!(break_stack(|_| {}), "");
}
