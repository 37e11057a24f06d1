//! A panel that only the proxy guards is reachable by the proxy alone.
//!
//! Such a panel asks nobody for a password, makes its first visitor the administrator, or has an
//! administrator whose password is the same in every house: only the proxy's login, or the paths that
//! the proxy closes, protect it. Another service on one of its networks reaches it without the proxy,
//! so whoever takes over that service has the panel, too. A published port of the panel gives it to
//! everybody who reaches the host, and a macvlan network to everybody in the household's network. A
//! port at an address that is the host's own unless a variable says otherwise is the household's
//! decision, and left alone.
//!
//! Fix: take the other service off its networks, and do not publish the panel's port. What the panel
//! itself uses may stay. Where a service has to use a panel with accounts whose wizard the proxy
//! closes, end the wizard first and say so with `.accept("guarded-panel", …)`.

use std::net::IpAddr;

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::{PublishedPort, interpolate};
use crate::dsl::contract::PanelLogin;
use crate::dsl::service::RoleKind;
use crate::dsl::units::Port;
use crate::model::project::{Member, Project};
use crate::model::reach::{self, Why};
use crate::proxy::caddyfile::ProxySite;

pub(super) const RULE: Rule = Rule {
    id: "guarded-panel",
    severity: Severity::Error,
    source: include_str!("guarded_panel.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let Some(panel) = member.open_panel() else { continue };
        published(project, &member, panel.port, findings);
        if is_guarded(project, &member, &panel.login) {
            neighbours(project, &member, findings);
        }
    }
}

/// Reports a panel whose port is published on the host, where the proxy does not protect it. It need
/// not have a route. On a macvlan network every port is published, in effect.
fn published(project: &Project<'_>, member: &Member<'_>, panel: Port, findings: &mut Findings) {
    for (network, address) in project.in_lan(member) {
        let (name, at) =
            (member.name, address.unwrap_or_else(|| format!("an address of `{network}`")));
        findings.on(
            member,
            format!(
                "the panel of `{name}`, which strangers can enter, is in the household's network at `{at}`"
            ),
            format!("take `{name}` off `{network}`: let a route lead to the panel"),
        );
    }
    let ports = project.published(member).into_iter();
    let ports = ports.filter(|it| it.target == panel.number());
    for port in project.ranges(ports.filter(|it| !is_own_by_default(it))) {
        let name = member.name;
        findings.on(
            member,
            format!("the panel of `{name}`, which strangers can enter, is published on `{port}`"),
            format!("do not publish the port `{panel}` of `{name}`: let a route lead there"),
        );
    }
}

/// Whether its address is one of the host alone where no variable has a value.
fn is_own_by_default(port: &PublishedPort) -> bool {
    let address = port.host_ip.as_deref().unwrap_or_default();
    let default = interpolate::resolve(address, &|_| None).unwrap_or_default();
    default.parse().is_ok_and(|it: IpAddr| it.is_loopback())
}

fn neighbours(project: &Project<'_>, member: &Member<'_>, findings: &mut Findings) {
    if !project.knows_the_proxy() {
        return;
    }
    for other in project.neighbours(member) {
        let is_proxy = other.role() == Some(RoleKind::Edge);
        if is_proxy || reach::why(project, member, &other) == Why::Uses {
            continue;
        }
        let (name, other_name) = (member.name, other.name);
        let shared: Vec<_> = project.shared(member, &other).map(|it| format!("`{it}`")).collect();
        let shared = shared.join(", ");
        findings.on(
            member,
            format!("`{other_name}` reaches the panel of `{name}` past the proxy, by {shared}"),
            format!("take `{other_name}` off {shared}"),
        );
    }
}

/// Whether only the proxy protects a panel: by a login, or by closing the panel's wizard.
fn is_guarded(project: &Project<'_>, member: &Member<'_>, login: &PanelLogin) -> bool {
    let closes = |site: &ProxySite| !site.always_closed_paths().is_empty();
    let mut sites = project.sites_of(member.name);
    match login {
        PanelLogin::BuiltIn => false,
        PanelLogin::None | PanelLogin::DefaultPassword { .. } => sites.any(ProxySite::is_guarded),
        PanelLogin::FirstVisitor { .. } => sites.any(|it| it.is_guarded() || closes(it)),
    }
}

#[cfg(test)]
mod tests {
    use super::{PanelLogin, Project, PublishedPort, RULE};
    use crate::checks::check;
    use crate::checks::testing::{
        CATALOGUE, break_file, break_image, break_lan, break_stack, good, in_lan, panel, spec,
    };
    use crate::dsl::route::Login;
    use crate::lower::lower;

    #[test]
    fn a_bystander_on_the_network_with_the_proxy_is_found() {
        let found = break_file(|file| file.services["fetch"].networks.push("caddy.web".into()));
        insta::assert_snapshot!(found, @r"
        error[guarded-panel]: `fetch` reaches the panel of `web` past the proxy, by `caddy.web`
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
        error[guarded-panel]: `fetch` reaches the panel of `web` past the proxy, by `fetch.web`
          --> web.rs
          help: take `fetch` off `fetch.web`
        ");
    }

    #[test]
    fn a_published_port_of_the_panel_is_found() {
        let port = |target| {
            break_file(|file| {
                let mut port = file.services["caddy"].ports[0].clone();
                (port.target, port.published) = (target, "9000".to_owned());
                file.services["web"].ports.push(port);
            })
        };
        insta::assert_snapshot!(port(8080), @r"
        error[guarded-panel]: the panel of `web`, which strangers can enter, is published on `9000/tcp`
          --> web.rs
          help: do not publish the port `8080/tcp` of `web`: let a route lead there
        error[port-on-internal]: `web` publishes `9000/tcp` and is on internal networks only: `backend`, `caddy.web`
          --> web.rs
          help: add a network that is not internal, or remove the port
        ");
        assert!(!port(8081).contains("guarded-panel"), "{}", port(8081));
        let at = |address: &str| {
            let found = break_file(|file| {
                let port = file.services["caddy"].ports[0].clone();
                let host_ip = Some(address.to_owned());
                file.services["web"].ports.push(PublishedPort { target: 8080, host_ip, ..port });
            });
            found.contains("guarded-panel")
        };
        for (address, is_found) in [
            ("127.0.0.1", false),
            ("::1", false),
            ("${TV:-127.0.0.1}", false),
            ("${TV:-0.0.0.0}", true),
            ("${TV}", true),
            ("192.168.1.2", true),
        ] {
            assert_eq!(at(address), is_found, "{address}");
        }
    }

    #[test]
    fn a_panel_in_the_households_network_is_found() {
        let found = break_lan(
            |stack| {
                spec(stack, "fetch").addresses.clear();
                in_lan(spec(stack, "web"));
            },
            |_| {},
        );
        let found = found.lines().filter(|it| it.contains("guarded-panel")).collect::<Vec<_>>();
        insta::assert_snapshot!(found.join("\n"), @r"
        error[guarded-panel]: the panel of `web`, which strangers can enter, is in the household's network at `192.168.1.53`
        error[guarded-panel]: `fetch` reaches the panel of `web` past the proxy, by `lan`
        ");
    }

    #[test]
    fn a_published_panel_without_a_route_is_found() {
        let found = break_image(
            |file| {
                let mut ports = file.services["caddy"].ports.clone();
                ports[0].target = 8080;
                let web = &mut file.services["web"];
                web.labels.retain(|key, _| !key.starts_with("caddy"));
                web.ports = ports;
            },
            |image| image.panel = panel(PanelLogin::None),
        );
        assert!(found.contains("error[guarded-panel]: the panel of `web`, which "), "{found}");
    }

    #[test]
    fn a_port_is_found_in_a_file_alone() {
        let mut file = lower(&good());
        let port = file.services["caddy"].ports[0].clone();
        file.services["web"].ports.push(PublishedPort { target: 8080, ..port });
        let found = check(&Project::from_file(file, &CATALOGUE)).findings;
        assert!(found.iter().any(|it| it.rule == RULE.id), "{found:?}");
    }

    #[test]
    fn closed_paths_of_a_wizard_guard_nothing_beside_the_proxy() {
        let found = break_stack(|stack| {
            let web = spec(stack, "web");
            web.routes[0] = web.routes[0].login(Login::BuiltIn).closes(&["/setup/*", "/folders/*"]);
            let name = web.name;
            spec(stack, "fetch").peers.push(name);
        });
        let told = "error[guarded-panel]: `fetch` reaches the panel of `web` past the proxy";
        assert!(found.starts_with(told), "{found}");
    }

    #[test]
    fn a_bystander_that_knows_the_password_is_found() {
        let found = break_image(
            |file| file.services["fetch"].networks.push("caddy.web".into()),
            |image| image.panel = panel(PanelLogin::default_password("admin", "admin")),
        );
        assert!(found.starts_with("error[guarded-panel]: `fetch` reaches the panel"), "{found}");
    }

    #[test]
    fn a_panel_with_a_login_of_its_own_may_have_users() {
        let found = break_image(
            |file| file.services["fetch"].networks.push("caddy.web".into()),
            |image| image.panel = panel(PanelLogin::BuiltIn),
        );
        assert_eq!(found, "");
    }
}
