//! Every waiver accepts something that its rule finds.
//!
//! A waiver whose finding is gone would accept the next one of the same rule unseen, with a
//! reason that was written for another day. This rule itself cannot be accepted.
//!
//! Fix: remove the `.accept(…)`, or correct the id of the rule that it names.

use indexmap::IndexSet;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

/// The last of [`super::ALL`]: it reads what all others have found.
pub(super) const RULE: Rule = Rule {
    id: "unused-waiver",
    severity: Severity::Error,
    source: include_str!("unused_waiver.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let found = findings.earlier().iter();
    let found: IndexSet<_> = found.map(|it| (it.rule.as_str(), it.subject.as_str())).collect();
    let is_idle = |rule: &str, subject: &str| !found.contains(&(rule, subject));
    let mut unused = Vec::new();
    for member in project.members() {
        let waivers = member.facts().waivers.iter();
        let idle = waivers.filter(|(rule, _)| is_idle(rule, member.name));
        unused.extend(idle.map(|(rule, _)| (member, *rule)));
    }
    let mut of_house = Vec::new();
    if let Some(stack) = project.stack() {
        let house = stack.site.project;
        let idle = stack.waivers.iter().filter(|(rule, _)| is_idle(rule, house));
        of_house.extend(idle.map(|(rule, _)| (house, *rule)));
    }
    for (member, rule) in unused {
        let (message, help) = told(member.name, rule);
        findings.on(&member, message, help);
    }
    for (house, rule) in of_house {
        let (message, help) = told(house, rule);
        findings.about(house, message, help);
    }
}

/// Says what is wrong with a waiver, and what to do.
fn told(name: &str, rule: &str) -> (String, String) {
    let remove = format!("remove `.accept(\"{rule}\", …)`");
    if super::find(rule).is_some() {
        (format!("`{name}` accepts `{rule}`, which finds nothing there"), remove)
    } else {
        let help = format!("{remove}, or write the id of a rule");
        (format!("`{name}` accepts `{rule}`, which is no rule"), help)
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::route::Login;
    use crate::dsl::units::{Memory, MemoryRange};

    fn accepting(waivers: &[(&'static str, &'static str)]) -> String {
        break_stack(|stack| {
            let web = spec(stack, "web");
            web.waivers = waivers.to_vec();
            web.routes[0] = web.routes[0].login(Login::BuiltIn);
        })
    }

    #[test]
    fn a_waiver_of_a_finding_is_used() {
        assert_eq!(accepting(&[("route-login", "its clients cannot answer the proxy")]), "");
    }

    #[test]
    fn a_waiver_of_nothing_is_found() {
        let login = ("route-login", "its clients cannot answer the proxy");
        insta::assert_snapshot!(accepting(&[login, ("privileged", "it was")]), @r#"
        error[unused-waiver]: `web` accepts `privileged`, which finds nothing there
          --> web.rs
          help: remove `.accept("privileged", …)`
        "#);
        insta::assert_snapshot!(accepting(&[login, ("priviledged", "it is")]), @r#"
        error[unused-waiver]: `web` accepts `priviledged`, which is no rule
          --> web.rs
          help: remove `.accept("priviledged", …)`, or write the id of a rule
        "#);
    }

    #[test]
    fn a_waiver_of_the_house_is_used_or_found() {
        let accepting = |memory: MemoryRange| {
            break_stack(|stack| {
                spec(stack, "fetch").memory = Some(memory);
                *stack = stack.clone().accept("memory-budget", "more memory comes next week");
            })
        };
        assert_eq!(accepting(Memory::gib(2).up_to(Memory::gib(2))), "");
        insta::assert_snapshot!(accepting(Memory::mib(32).up_to(Memory::gib(1))), @r#"
        error[unused-waiver]: `house` accepts `memory-budget`, which finds nothing there
          --> house
          help: remove `.accept("memory-budget", …)`
        "#);
    }

    #[test]
    fn it_cannot_be_accepted_itself() {
        let login = ("route-login", "its clients cannot answer the proxy");
        let own = ("unused-waiver", "who cares");
        insta::assert_snapshot!(accepting(&[login, own, ("privileged", "it was")]), @r#"
        error[unused-waiver]: `web` accepts `unused-waiver`, which finds nothing there
          --> web.rs
          help: remove `.accept("unused-waiver", …)`
        error[unused-waiver]: `web` accepts `privileged`, which finds nothing there
          --> web.rs
          help: remove `.accept("privileged", …)`
        "#);
    }
}
