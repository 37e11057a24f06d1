//! A routed service shares a network with the reverse proxy.
//!
//! The proxy reaches a container only over a network that both are on. Without one the site
//! is served as an error, or vanishes from the proxy's configuration.
//!
//! Fix: put the service and the proxy on an internal network of the two. The DSL does so for every
//! service with a route.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::dsl::service::RoleKind;
use crate::model::project::Project;
use crate::proxy::caddyfile::Site;

pub(super) const RULE: Rule = Rule {
    id: "route-ingress",
    severity: Severity::Error,
    source: include_str!("route_ingress.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    if !project.knows_the_proxy() {
        return;
    }
    for member in project.members().filter(|it| !it.is_private()) {
        let name = member.name;
        let Some(address) = project.sites_of(name).flat_map(Site::addresses).next() else {
            continue;
        };
        let mut neighbours = project.neighbours(&member).into_iter();
        if !neighbours.any(|it| it.role() == Some(RoleKind::Edge)) {
            findings.on(
                &member,
                format!("`{name}`, routed as `{address}`, shares no network with a proxy"),
                Help::new("say `.route(…)`", "put both on an internal network"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_routed_service_off_the_network_with_the_proxy_is_found() {
        let found = break_file(|file| file.services["web"].networks.retain(|it| it != "caddy.web"));
        insta::assert_snapshot!(found, @r"
        error[route-ingress]: `web`, routed as `notes.home.arpa`, shares no network with a proxy
          --> web.rs
          help: say `.route(…)`
        ");
    }

    #[test]
    fn a_proxy_off_the_network_with_the_service_is_found() {
        let found =
            break_file(|file| file.services["caddy"].networks.retain(|it| it != "caddy.web"));
        insta::assert_snapshot!(found, @r"
        error[route-ingress]: `web`, routed as `notes.home.arpa`, shares no network with a proxy
          --> web.rs
          help: say `.route(…)`
        ");
    }
}
