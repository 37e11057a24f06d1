//! Accepted findings: sets them aside, and says of the others how to accept them.

use super::{docker_socket, powerful_key, privileged, strong_capability, unused_waiver};
use crate::checks::finding::{Finding, Verdict, Waived};
use crate::compose::label;
use crate::dsl::privilege::Waiver;
use crate::dsl::stack::Stack;
use crate::model::project::{Member, Project, is_reason};

/// Rules of [`label::HOST_RULES`] that a label with their id cannot accept, because what they find
/// makes a service root on the host. Each of these rules decides itself which recorded reasons it
/// takes.
const ROOT: &[&str] = &[
    docker_socket::RULE.id,
    privileged::RULE.id,
    powerful_key::RULE.id,
    strong_capability::RULE.id,
];

/// Moves accepted findings aside.
pub(super) fn apply(project: &Project<'_>, found: Vec<Finding>) -> Verdict {
    let mut verdict = Verdict::default();
    for mut finding in found {
        let rule = finding.rule.as_str();
        let member = project.member(&finding.subject).filter(|_| rule != unused_waiver::RULE.id);
        let is_open = |it: &Member<'_>| it.facts().is_declared || !ROOT.contains(&rule);
        let of_service = member.filter(is_open).and_then(|it| it.waiver(rule, &finding.message));
        if let Some(because) = of_service.or_else(|| of_house(project, &finding)) {
            verdict.waived.push(Waived { because: because.to_owned(), finding });
        } else {
            finding.accept = member.map(|it| acceptance(&finding, it.facts().is_declared));
            verdict.findings.push(finding);
        }
    }
    verdict
}

/// Returns why a finding about the house as a whole is accepted.
fn of_house<'a>(project: &Project<'a>, finding: &Finding) -> Option<&'a str> {
    let is_of_house = |stack: &&Stack| {
        // A service may have the project's name; what is found on it has a place.
        stack.site.project == finding.subject && finding.place.is_none()
    };
    let waivers = &project.stack().filter(is_of_house)?.waivers;
    let accepts = |waiver: &&Waiver| {
        let is_it = waiver.accepts(&finding.rule, &finding.subject, &finding.message);
        is_it && is_reason(waiver.because) && finding.rule != unused_waiver::RULE.id
    };
    waivers.iter().find(accepts).map(|it| it.because)
}

/// Says how to accept a finding on a service, in a stack or in any other file.
fn acceptance(finding: &Finding, is_stack: bool) -> String {
    let rule = finding.rule.as_str();
    let label = format!("`{}{rule}`", label::ACCEPTS);
    let what = Waiver::suggestion(&finding.subject, &finding.message);
    match (is_stack, ROOT.contains(&rule)) {
        (true, false) => format!("or accept it with `.accept(\"{rule}\", \"{what}\", \"why\")`"),
        (true, true) => {
            format!(
                "`.accept(\"{rule}\", \"{what}\", \"why\")` is enough for `gen`, but a host refuses it"
            )
        }
        (false, false) => format!("or accept it with the label {label}, whose value says why"),
        (false, true) => format!("no label {label} accepts it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::testing::{CATALOGUE, break_stack, good, spec};
    use crate::checks::{check, check_received};
    use crate::compose::Service;
    use crate::dsl::route::Login;
    use crate::lower::lower;

    /// Returns what a host finds in the good example after a change, when `fetch` also has this
    /// label.
    fn received(label: (&str, &str), change: impl Fn(&mut Service)) -> Vec<String> {
        let mut file = lower(&good());
        let fetch = &mut file.services["fetch"];
        fetch.labels.insert(format!("{}{}", label::ACCEPTS, label.0), label.1.to_owned());
        change(fetch);
        let found = check_received(&Project::from_file(file, &CATALOGUE)).findings;
        found.into_iter().map(|it| it.rule).collect()
    }

    #[test]
    fn a_label_accepts_with_a_reason_and_nothing_that_is_root() {
        let filter = |it: &mut Service| it.security_opt.push("seccomp=unconfined".to_owned());
        let ping = |it: &mut Service| it.cap_add.push("NET_RAW".to_owned());
        assert_eq!(received(("unconfined", "it debugs"), filter), [""; 0]);
        assert_eq!(received(("cap.NET_RAW", "it pings"), ping), [""; 0]);
        for because in ["", " ", "${WHY:-it debugs}"] {
            assert_eq!(received(("unconfined", because), filter), ["unconfined"], "{because}");
            assert_eq!(received(("cap.NET_RAW", because), ping), ["strong-capability"]);
        }
        for capability in ["SYS_ADMIN", "ALL", "CAP_SYS_MODULE"] {
            let root = |it: &mut Service| it.cap_add.push(capability.to_owned());
            for what in ["strong-capability", &format!("cap.{capability}"), "cap.SYS_ADMIN"] {
                assert_eq!(received((what, "it mounts"), root), ["strong-capability"], "{what}");
            }
        }
        let privileged = |it: &mut Service| it.privileged = true;
        assert_eq!(received(("privileged", "it is"), privileged), ["privileged"]);
    }

    #[test]
    fn a_finding_says_how_to_accept_it() {
        let mut stack = good();
        spec(&mut stack, "web").memory = None;
        let waiver = Waiver { rule: "privileged", what: "web", because: "it was" };
        spec(&mut stack, "web").waivers.push(waiver);
        let mut file = lower(&stack);
        file.services["fetch"].privileged = true;
        let told = |project: &Project<'_>| {
            let found = check(project).findings.into_iter();
            let line = |it: Finding| format!("{} on {}: {:?}", it.rule, it.subject, it.accept);
            found.map(line).collect::<Vec<_>>().join("\n")
        };
        insta::assert_snapshot!(told(&Project::new(file.clone(), Some(&stack), &CATALOGUE)), @r#"
        privileged on fetch: Some("`.accept(\"privileged\", \"privileged: true\", \"why\")` is enough for `gen`, but a host refuses it")
        resource-limits on web: Some("or accept it with `.accept(\"resource-limits\", \"memory\", \"why\")`")
        unused-waiver on web: None
        "#);
        insta::assert_snapshot!(told(&Project::from_file(file, &CATALOGUE)), @r#"
        privileged on fetch: Some("no label `homelab.accepts.privileged` accepts it")
        resource-limits on web: Some("or accept it with the label `homelab.accepts.resource-limits`, whose value says why")
        "#);
    }

    #[test]
    fn an_empty_reason_of_a_stack_accepts_nothing() {
        for (because, found) in [("its clients cannot answer", ""), ("", "error[route-login]")] {
            let told = break_stack(|stack| {
                let web = spec(stack, "web");
                web.waivers.push(Waiver { rule: "route-login", what: "notes.home.arpa", because });
                web.routes[0] = web.routes[0].login(Login::BuiltIn);
            });
            assert!(told.starts_with(found) && told.is_empty() == found.is_empty(), "{told}");
        }
    }
}
