//! A panel that only the proxy guards is reachable by the proxy alone.
//!
//! Such a panel asks nobody for a password, or makes its first visitor the administrator: the
//! proxy's login is all that stands before it. Another service on one of its networks does not pass
//! by the proxy, so whoever takes over that service has the panel, too.
//!
//! Fix: take the other service off its networks. What the panel itself uses may stay.

use super::{Findings, Rule};
use crate::contract::PanelLogin;
use crate::finding::Severity;
use crate::project::{Member, Project};
use crate::reach::{self, Why};
use crate::service::RoleKind;

pub(super) const RULE: Rule = Rule {
    id: "guarded-panel",
    severity: Severity::Error,
    source: include_str!("guarded_panel.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    // Who the proxy is, only a stack says.
    if project.stack().is_none() {
        return;
    }
    for member in project.members().filter(|it| is_guarded(project, it)) {
        for other in project.neighbours(&member) {
            let is_proxy = other.role() == Some(RoleKind::Edge);
            if is_proxy || reach::why(project, &member, &other) == Why::Uses {
                continue;
            }
            let (name, other_name) = (member.name, other.name);
            let shared: Vec<_> =
                project.shared(&member, &other).map(|it| format!("`{it}`")).collect();
            let shared = shared.join(", ");
            findings.on(
                &member,
                format!("`{other_name}` reaches the panel of `{name}` without the proxy's login, by {shared}"),
                format!("take `{other_name}` off {shared}"),
            );
        }
    }
}

/// Whether its own login keeps nobody out and the proxy asks.
fn is_guarded(project: &Project<'_>, member: &Member<'_>) -> bool {
    let panel = member.contract.and_then(|it| it.panel);
    let is_open = panel.is_some_and(|it| !matches!(it.login, PanelLogin::BuiltIn));
    is_open && project.sites_of(member.name).any(crate::caddyfile::Site::is_guarded)
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, spec};
    use crate::route::Login;

    #[test]
    fn a_bystander_on_the_network_with_the_proxy_is_found() {
        let found = break_file(|file| file.services["fetch"].networks.push("caddy.web".to_owned()));
        insta::assert_snapshot!(found, @r"
        error[guarded-panel]: `fetch` reaches the panel of `web` without the proxy's login, by `caddy.web`
          --> web.rs
          help: take `fetch` off `caddy.web`
        ");
    }

    #[test]
    fn a_service_that_uses_the_panel_is_found() {
        let found = break_stack(|stack| {
            let web = spec(stack, "web").name;
            spec(stack, "fetch").peers.push(web);
        });
        insta::assert_snapshot!(found, @r"
        error[guarded-panel]: `fetch` reaches the panel of `web` without the proxy's login, by `fetch.web`
          --> web.rs
          help: take `fetch` off `fetch.web`
        ");
    }

    #[test]
    fn a_panel_with_a_login_of_its_own_may_have_users() {
        let found = break_stack(|stack| {
            let web = spec(stack, "web").name;
            spec(stack, "fetch").peers.push(web);
            let route = &mut spec(stack, "web").routes[0];
            *route = route.login(Login::BuiltIn).closes(&["/setup/*", "/folders/*"]);
        });
        assert_eq!(found, "");
    }
}
