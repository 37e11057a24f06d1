//! A routed service shares a network with the reverse proxy.
//!
//! The proxy reaches a container only over a network that both are on. Without one the site
//! is served as an error, or vanishes from the proxy's configuration. A container in the network of
//! the host or of another one has no address for `{{upstreams}}`: its route names the host or the
//! other service.
//!
//! Fix: put the service and the proxy on an internal network of the two. The DSL does so for every
//! service with a route.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::dsl::service::RoleKind;
use crate::model::project::Project;
use crate::proxy::caddyfile::ProxySite;

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
        let has_no_proxy = project.stack().is_some_and(|it| it.site.proxy.is_none());
        if has_no_proxy && !member.facts().routes.is_empty() {
            findings.on(
                &member,
                format!("`{name}` has a route, and the house has no proxy"),
                "remove the route, or give the `ProxySite` a proxy".to_owned(),
            );
        }
        let Some(address) = project.sites_of(name).flat_map(ProxySite::addresses).next() else {
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
        for site in project.sites_of(name).filter(|it| it.host != name && leads_to(it, name)) {
            let host = &site.host;
            findings.on(
                &member,
                format!("`{name}` has no address of its own that the proxy could find for a route"),
                Help::new(
                    "say `.route(…)`",
                    format!("write `{host}:…` instead of `{{{{upstreams …}}}}`"),
                ),
            );
        }
    }
}

/// Whether a site forwards requests to a service by its own name.
fn leads_to(site: &ProxySite, name: &str) -> bool {
    let words = site.directives("reverse_proxy").flatten();
    let mut hosts = words.map(|it| it.split_once("://").map_or(it.as_str(), |(_, host)| host));
    hosts.any(|it| it.split(':').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, good};
    use crate::lower::lower;

    #[test]
    fn a_routed_service_off_the_network_with_the_proxy_is_found() {
        let found =
            break_file(|file| file.services["web"].networks.retain(|it| it.key != "caddy.web"));
        insta::assert_snapshot!(found, @r"
        error[route-ingress]: `web`, routed as `notes.home.arpa`, shares no network with a proxy
          --> web.rs
          help: say `.route(…)`
        ");
    }

    #[test]
    fn a_house_without_a_proxy_has_no_labels_and_no_routes() {
        let mut stack = good();
        stack.site.proxy = None;
        let labels = lower(&stack).services["web"].labels.clone();
        assert!(labels.keys().all(|it| !it.starts_with("caddy")), "{labels:?}");
        let found = break_stack(|stack| stack.site.proxy = None);
        let told = "error[route-ingress]: `web` has a route, and the house has no proxy";
        assert!(found.contains(told), "{found}");
    }

    #[test]
    fn upstreams_of_a_service_without_an_address_are_found() {
        let found = break_file(|file| {
            let networks = std::mem::take(&mut file.services["web"].networks);
            file.services["web"].network_mode = Some("service:fetch".to_owned());
            file.services["fetch"].networks.extend(networks);
        });
        insta::assert_snapshot!(found, @r"
        error[guarded-panel]: `fetch` reaches the panel of `web` past the proxy, by `backend`, `caddy.web`
          --> web.rs
          help: take `fetch` off `backend`, `caddy.web`
        error[route-ingress]: `web` has no address of its own that the proxy could find for a route
          --> web.rs
          help: say `.route(…)`
        error[network-mode]: `web` has the network of `fetch`, and so cannot have the network `backend`
          --> web.rs
          help: remove it, or take `web` out of the network of `fetch`
        ");
        let mended = break_file(|file| {
            let upstream = "fetch:8080".to_owned();
            let networks = std::mem::take(&mut file.services["web"].networks);
            let web = &mut file.services["web"];
            web.network_mode = Some("service:fetch".to_owned());
            web.labels.insert("caddy.reverse_proxy".to_owned(), upstream);
            file.services["fetch"].networks.extend(networks);
        });
        assert!(!mended.contains("route-ingress"), "{mended}");
    }

    #[test]
    fn a_proxy_off_the_network_with_the_service_is_found() {
        let found =
            break_file(|file| file.services["caddy"].networks.retain(|it| it.key != "caddy.web"));
        insta::assert_snapshot!(found, @r"
        error[route-ingress]: `web`, routed as `notes.home.arpa`, shares no network with a proxy
          --> web.rs
          help: say `.route(…)`
        ");
    }
}
