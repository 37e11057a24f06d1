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
    let mut unused = Vec::new();
    for member in project.members() {
        let waivers = member.facts().waivers.iter();
        let idle = waivers.filter(|(rule, _)| !found.contains(&(*rule, member.name)));
        unused.extend(idle.map(|(rule, _)| (member, *rule)));
    }
    for (member, rule) in unused {
        let (name, remove) = (member.name, format!("remove `.accept(\"{rule}\", …)`"));
        if super::find(rule).is_some() {
            let message = format!("`{name}` accepts `{rule}`, which finds nothing there");
            findings.on(&member, message, remove);
        } else {
            let message = format!("`{name}` accepts `{rule}`, which is no rule");
            findings.on(&member, message, format!("{remove}, or write the id of a rule"));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::route::Login;

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
