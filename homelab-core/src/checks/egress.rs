//! A service that needs the internet has a way out, and every way out has a reason.
//!
//! On internal networks alone every connection to the outside fails, mostly after a long timeout
//! and with a message about names. And whoever takes over a service with a way out can send away
//! the data that it finds, and download tools.
//!
//! Fix: `.egress("why")` in the DSL, and no other network that leads out; the proxy has one of its
//! own.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::dsl::contract::Egress;
use crate::dsl::service::RoleKind;
use crate::model::project::Project;

pub(super) const RULE: Rule =
    Rule { id: "egress", severity: Severity::Error, source: include_str!("egress.rs"), run };

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let open = || member.networks().iter().filter(|it| project.leads_out(it));
        let needed = member.contract().and_then(|it| it.egress.get());
        if let Some(Egress::Required(because)) = needed
            && open().next().is_none()
        {
            findings.on(
                &member,
                format!("`{}` has no way out, and needs one: {because}", member.name),
                Help::new("add `.egress(\"why\")`", "add a network that is not internal"),
            );
        }
        let Some(stack) = project.stack() else { continue };
        // Another rule says more about a socket proxy.
        if member.role() == Some(RoleKind::Edge) || member.is_socket_proxy() {
            continue;
        }
        // Who has another one's network gets out as that one does, and for the host's there is a
        // reason of its own.
        if member.owner().is_some() || member.is_on_host() {
            continue;
        }
        let is_declared = |network: &str| {
            let is_in_lan = project.in_lan(&member).any(|it| it.0 == network);
            member.facts().egress.is_some() && (is_in_lan || network == stack.site.egress.name())
        };
        if let Some(other) = open().find(|it| !is_declared(it)) {
            findings.on(
                &member,
                format!("`{}` gets out by `{other}`, and nobody said why", member.name),
                format!("take it off `{other}`, or add `.egress(\"why\")`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{PROXY, break_file, break_lan, break_stack, spec};

    #[test]
    fn a_way_out_by_the_households_network_needs_a_reason() {
        let found = break_lan(|stack| spec(stack, "fetch").egress = None, |_| {});
        insta::assert_snapshot!(found, @r#"
        error[egress]: `fetch` gets out by `lan`, and nobody said why
          --> fetch.rs
          help: take it off `lan`, or add `.egress("why")`
        "#);
    }

    #[test]
    fn a_service_without_a_way_out_is_found() {
        let found = break_file(|file| file.networks["egress"].internal = true);
        insta::assert_snapshot!(found, @r#"
        error[egress]: `fetch` has no way out, and needs one: it asks a weather service
          --> fetch.rs
          help: add `.egress("why")`
        "#);
    }

    #[test]
    fn a_way_out_without_a_reason_is_found() {
        let found = break_file(|file| file.services["dump"].networks.push("egress".into()));
        insta::assert_snapshot!(found, @r#"
        error[egress]: `dump` gets out by `egress`, and nobody said why
          --> dump.rs
          help: take it off `egress`, or add `.egress("why")`
        "#);
    }

    #[test]
    fn a_second_way_out_is_found() {
        let found = break_stack(|stack| spec(stack, "fetch").networks.push(PROXY));
        insta::assert_snapshot!(found, @r#"
        error[egress]: `fetch` gets out by `proxy`, and nobody said why
          --> fetch.rs
          help: take it off `proxy`, or add `.egress("why")`
        "#);
    }
}
