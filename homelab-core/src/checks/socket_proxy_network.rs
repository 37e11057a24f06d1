//! A socket proxy serves exactly one consumer, on an internal network of their own.
//!
//! A socket proxy asks nobody for a password: everything that reaches it may do whatever the
//! filter lets through, which is set for one consumer. A second consumer, a bystander on the
//! network, a route or a published port gets the same rights.
//!
//! Fix: give every consumer a socket proxy and an internal network of its own.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::{Member, Project};
use crate::proxy::caddyfile::ProxySite;

pub(super) const RULE: Rule = Rule {
    id: "socket-proxy-network",
    severity: Severity::Error,
    source: include_str!("socket_proxy_network.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for proxy in project.members().filter(Member::is_socket_proxy) {
        ways_in(project, &proxy, findings);
        company(project, &proxy, findings);
    }
}

fn ways_in(project: &Project<'_>, proxy: &Member<'_>, findings: &mut Findings) {
    let name = proxy.name;
    for network in proxy.networks().iter().filter(|it| !project.is_internal(it)) {
        findings.on(
            proxy,
            format!("the socket proxy `{name}` is on `{network}`, which is not internal"),
            format!("make `{network}` a `Network::internal` (`internal: true`)"),
        );
    }
    let ports = project.ranges(project.published(proxy));
    let ports = ports.iter().map(|it| ("port", it.to_string()));
    let addresses = project.sites_of(name).flat_map(ProxySite::addresses);
    for (what, value) in ports.chain(addresses.map(|it| ("route", it.to_owned()))) {
        findings.on(
            proxy,
            format!("strangers reach the socket proxy `{name}` by the {what} `{value}`"),
            format!("remove the {what}: its consumer reaches `{name}` over their network"),
        );
    }
}

fn company(project: &Project<'_>, proxy: &Member<'_>, findings: &mut Findings) {
    let name = proxy.name;
    let neighbours = project.neighbours(proxy).into_iter();
    let (users, strangers): (Vec<_>, Vec<_>) =
        neighbours.partition(|it| it.service.depends_on.contains_key(name));
    for stranger in strangers {
        let other = stranger.name;
        findings.on(
            &stranger,
            format!("`{other}` is on the network of the socket proxy `{name}` without using it"),
            format!("take `{other}` off the network of `{name}`"),
        );
    }
    let names: Vec<_> = users.iter().map(|it| format!("`{}`", it.name)).collect();
    let (fault, help) = match &names[..] {
        [] => ("has no consumer".to_owned(), "remove it, or let its consumer use it"),
        [_] => return,
        names => (
            format!("serves {}", names.join(" and ")),
            "give each of them a socket proxy and a network of its own",
        ),
    };
    findings.on(proxy, format!("the socket proxy `{name}` {fault}"), help.to_owned());
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;
    use crate::compose::PublishedPort;

    #[test]
    fn a_network_with_a_way_out_is_found() {
        let found = break_file(|file| file.networks["caddy.socket"].internal = false);
        insta::assert_snapshot!(found, @r"
        error[socket-proxy-network]: the socket proxy `socket` is on `caddy.socket`, which is not internal
          --> socket.rs
          help: make `caddy.socket` a `Network::internal` (`internal: true`)
        ");
    }

    #[test]
    fn a_published_port_and_a_route_are_found() {
        let found = break_file(|file| {
            let port = file.services["caddy"].ports[0].clone();
            let port = PublishedPort { published: "2375".to_owned(), ..port };
            file.services["socket"].ports.push(port);
        });
        insta::assert_snapshot!(found, @r"
        error[socket-proxy-network]: strangers reach the socket proxy `socket` by the port `2375/tcp`
          --> socket.rs
          help: remove the port: its consumer reaches `socket` over their network
        ");
        let found = break_file(|file| {
            let labels = &mut file.services["socket"].labels;
            labels.insert("caddy".to_owned(), "docker.home.arpa".to_owned());
        });
        insta::assert_snapshot!(found, @r"
        error[socket-proxy-network]: strangers reach the socket proxy `socket` by the route `docker.home.arpa`
          --> socket.rs
          help: remove the route: its consumer reaches `socket` over their network
        ");
    }

    #[test]
    fn a_bystander_is_found() {
        let found = break_file(|file| file.services["fetch"].networks.push("caddy.socket".into()));
        insta::assert_snapshot!(found, @r"
        error[socket-proxy-network]: `fetch` is on the network of the socket proxy `socket` without using it
          --> fetch.rs
          help: take `fetch` off the network of `socket`
        ");
    }

    #[test]
    fn a_second_consumer_is_found() {
        let found = break_file(|file| {
            let depends_on = file.services["caddy"].depends_on.clone();
            file.services["fetch"].networks.push("caddy.socket".into());
            file.services["fetch"].depends_on = depends_on;
        });
        insta::assert_snapshot!(found, @r"
        error[socket-proxy-network]: the socket proxy `socket` serves `caddy` and `fetch`
          --> socket.rs
          help: give each of them a socket proxy and a network of its own
        ");
    }

    #[test]
    fn a_proxy_that_nobody_uses_is_found() {
        let found = break_file(|file| {
            file.services["caddy"].networks.retain(|it| it.key != "caddy.socket");
            file.services["caddy"].depends_on.clear();
        });
        insta::assert_snapshot!(found, @r"
        error[socket-proxy-network]: the socket proxy `socket` has no consumer
          --> socket.rs
          help: remove it, or let its consumer use it
        ");
    }
}
