//! Every waiver accepts something that its rule finds.
//!
//! A waiver whose finding is gone would accept the next one of the same rule unseen, with a
//! reason that was written for another day. This rule itself cannot be accepted.
//!
//! Fix: remove the `.accept(…)`, or correct the id of the rule and the value that it names.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::privilege::Waiver;
use crate::model::project::Project;

/// The last of [`super::ALL`]: it reads what all others have found.
pub(super) const RULE: Rule = Rule {
    id: "unused-waiver",
    severity: Severity::Error,
    source: include_str!("unused_waiver.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let is_idle = |findings: &Findings, waiver: &Waiver, subject: &str| {
        let mut earlier = findings.earlier().iter().filter(|it| it.subject == subject);
        !earlier.any(|it| waiver.accepts(&it.rule, subject, &it.message))
    };
    for member in project.members() {
        for waiver in member.facts().waivers {
            if is_idle(findings, waiver, member.name) {
                let (message, help) = told(member.name, waiver);
                findings.on(&member, message, help);
            }
        }
    }
    let Some(stack) = project.stack() else { return };
    for waiver in &stack.waivers {
        let house = stack.site.project;
        if is_idle(findings, waiver, house) {
            let (message, help) = told(house, waiver);
            findings.about(house, message, help);
        }
    }
}

/// Says what is wrong with a waiver, and what to do.
fn told(name: &str, waiver: &Waiver) -> (String, String) {
    let Waiver { rule, what, .. } = waiver;
    let remove = format!("remove `.accept(\"{rule}\", …)`");
    if super::find(rule).is_some() {
        let message = format!("`{name}` accepts `{rule}` of `{what}`, which is not found there");
        (message, format!("{remove}, or write what the finding names"))
    } else {
        let help = format!("{remove}, or write the id of a rule");
        (format!("`{name}` accepts `{rule}`, which is no rule"), help)
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::privilege::Waiver;
    use crate::dsl::route::Login;
    use crate::dsl::units::{Memory, MemoryRange};

    const LOGIN: Waiver = accepted("route-login", "notes.home.arpa");

    const fn accepted(rule: &'static str, what: &'static str) -> Waiver {
        Waiver { rule, what, because: "its clients cannot answer the proxy" }
    }

    fn accepting(waivers: &[Waiver]) -> String {
        break_stack(|stack| {
            let web = spec(stack, "web");
            web.waivers = waivers.to_vec();
            web.routes[0] = web.routes[0].login(Login::BuiltIn);
        })
    }

    #[test]
    fn a_waiver_of_a_finding_is_used() {
        assert_eq!(accepting(&[LOGIN]), "");
    }

    #[test]
    fn a_waiver_of_nothing_is_found() {
        insta::assert_snapshot!(accepting(&[LOGIN, accepted("privileged", "web")]), @r#"
        error[unused-waiver]: `web` accepts `privileged` of `web`, which is not found there
          --> web.rs
          help: remove `.accept("privileged", …)`, or write what the finding names
        "#);
        insta::assert_snapshot!(accepting(&[LOGIN, accepted("priviledged", "web")]), @r#"
        error[unused-waiver]: `web` accepts `priviledged`, which is no rule
          --> web.rs
          help: remove `.accept("priviledged", …)`, or write the id of a rule
        "#);
    }

    #[test]
    fn a_waiver_does_not_hide_another_case() {
        insta::assert_snapshot!(accepting(&[accepted("route-login", "old.home.arpa")]), @r#"
        error[route-login]: nobody asks for a login at `notes.home.arpa`, and the first visitor of `web` becomes its administrator
          --> web.rs
          help: let the proxy ask: remove `.login(…)` from the route; or, for clients that cannot answer it, close the wizard: `.closes(&["/setup/*"])`
        error[unused-waiver]: `web` accepts `route-login` of `old.home.arpa`, which is not found there
          --> web.rs
          help: remove `.accept("route-login", …)`, or write what the finding names
        "#);
    }

    #[test]
    fn a_waiver_of_the_house_is_used_or_found() {
        let accepting = |memory: MemoryRange| {
            break_stack(|stack| {
                spec(stack, "fetch").memory = Some(memory);
                *stack =
                    stack.clone().accept("memory-budget", "caddy", "more memory comes next week");
            })
        };
        assert_eq!(accepting(Memory::gib(2).up_to(Memory::gib(2))), "");
        insta::assert_snapshot!(accepting(Memory::mib(32).up_to(Memory::gib(1))), @r#"
        error[unused-waiver]: `house` accepts `memory-budget` of `caddy`, which is not found there
          --> house
          help: remove `.accept("memory-budget", …)`, or write what the finding names
        "#);
    }

    #[test]
    fn the_name_of_the_service_accepts_only_what_names_nothing_else() {
        let found = accepting(&[accepted("route-login", "web")]);
        assert!(found.starts_with("error[route-login]"), "{found}");
        let found = break_stack(|stack| {
            let db = spec(stack, "db");
            db.database = None;
            db.waivers.push(accepted("database-dump", "db"));
        });
        assert_eq!(found, "");
    }

    #[test]
    fn it_cannot_be_accepted_itself() {
        let own = accepted("unused-waiver", "privileged");
        insta::assert_snapshot!(accepting(&[LOGIN, own, accepted("privileged", "web")]), @r#"
        error[unused-waiver]: `web` accepts `unused-waiver` of `privileged`, which is not found there
          --> web.rs
          help: remove `.accept("unused-waiver", …)`, or write what the finding names
        error[unused-waiver]: `web` accepts `privileged` of `web`, which is not found there
          --> web.rs
          help: remove `.accept("privileged", …)`, or write what the finding names
        "#);
    }
}
