//! A routed service shares the ingress network with the reverse proxy.
//!
//! The proxy reaches a container only over a network that both are on. Without one the site
//! is served as an error, or vanishes from the proxy's configuration.
//!
//! Fix: put the service and the proxy on the ingress network. The DSL does so for every
//! service with a route.

use super::{Findings, Rule};
use crate::caddyfile::Site;
use crate::finding::Severity;
use crate::project::Project;
use crate::service::RoleKind;

pub(super) const RULE: Rule = Rule {
    id: "route-ingress",
    severity: Severity::Error,
    source: include_str!("route_ingress.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let Some(ingress) = project.ingress() else { return };
    let is_served = project.on_network(ingress).any(|it| it.role() == Some(RoleKind::Edge));
    for member in project.members().filter(|it| !it.is_private()) {
        let name = member.name;
        let Some(address) = project.sites_of(name).flat_map(Site::addresses).next() else {
            continue;
        };
        if !member.service.networks.iter().any(|it| it == ingress) {
            findings.on(
                &member,
                format!(
                    "`{name}`, routed as `{address}`, is not on the ingress network `{ingress}`"
                ),
                format!("add `{ingress}` to the networks of `{name}`"),
            );
        } else if !is_served {
            findings.on(
                &member,
                format!("`{name}` is routed as `{address}`, and no proxy is on `{ingress}`"),
                format!("add `{ingress}` to the networks of the proxy"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_routed_service_off_the_ingress_network_is_found() {
        let found = break_file(|file| file.services["web"].networks.retain(|it| it != "proxy"));
        insta::assert_snapshot!(found, @r"
        error[route-ingress]: `web`, routed as `notes.home.arpa`, is not on the ingress network `proxy`
          --> web.rs
          help: add `proxy` to the networks of `web`
        ");
    }

    #[test]
    fn a_proxy_off_the_ingress_network_is_found() {
        let found = break_file(|file| {
            let networks = &mut file.services["caddy"].networks;
            networks.retain(|it| it != "proxy");
            networks.push("egress".to_owned());
        });
        insta::assert_snapshot!(found, @r"
        error[route-ingress]: `web` is routed as `notes.home.arpa`, and no proxy is on `proxy`
          --> web.rs
          help: add `proxy` to the networks of the proxy
        ");
    }
}
