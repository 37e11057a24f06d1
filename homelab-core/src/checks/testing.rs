//! Breaks the small household in exactly one way for tests of rules, and renders the findings.

use crate::checks::check;
use crate::checks::finding::Place;
use crate::compose::File;
use crate::dsl::contract::{Contract, Fact, Panel, PanelLogin, ran};
use crate::dsl::privilege::{Exception, MACVLAN};
use crate::dsl::resource::Macvlan;
use crate::dsl::service::Spec;
use crate::dsl::stack::{Site, Stack};
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

/// Makes the good example with `fetch` as a machine of the household's network.
pub(crate) fn good_in_lan() -> Stack {
    let Macvlan { parent, subnet, gateway } = LAN.place().expect("it is a macvlan network");
    let variables = [SITE.variables, &[parent, subnet, gateway, LAN_ADDRESS]].concat().leak();
    let networks = &[PROXY, BACKEND, LAN];
    let mut stack = good_in(Site { networks, variables, ..SITE });
    in_lan(spec(&mut stack, "fetch"));
    stack
}

/// Makes a service a machine of the household's network, with its one address.
pub(crate) fn in_lan(spec: &mut Spec) {
    spec.networks.push(LAN);
    spec.addresses.insert(LAN.name(), LAN_ADDRESS);
    spec.exceptions.push((Exception::Namespace(MACVLAN, LAN.name()), "the house asks it"));
    spec.egress.get_or_insert("it asks others");
}

/// Breaks the example of [`good_in_lan`], then the file that it is lowered to.
pub(crate) fn break_lan(
    stack_change: impl FnOnce(&mut Stack),
    file_change: impl FnOnce(&mut File),
) -> String {
    let mut stack = good_in_lan();
    stack_change(&mut stack);
    let mut file = lower(&stack);
    file_change(&mut file);
    render(&Project::new(file, Some(&stack), &CATALOGUE))
}

/// Returns the service with a name, so that a test can break it.
pub(crate) fn spec<'a>(stack: &'a mut Stack, name: &str) -> &'a mut Spec {
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
