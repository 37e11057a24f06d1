//! A route leads to a TCP port that the image listens on.
//!
//! A route to any other port answers with `502 Bad Gateway` as soon as somebody opens it. The proxy
//! speaks TCP with services: a `Port::udp` has no place in a route.
//!
//! Fix: use the port that the image's documentation names for its web interface.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::units::Protocol;
use crate::model::project::Project;
use crate::proxy::caddyfile::ProxySite;

pub(super) const RULE: Rule = Rule {
    id: "route-port",
    severity: Severity::Error,
    source: include_str!("route_port.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let name = member.name;
        let routes = member.facts().routes.iter().map(|it| it.port);
        for port in routes.filter(|it| it.protocol() != Protocol::Tcp) {
            findings.on(
                &member,
                format!("`{name}` is routed to port `{port}`, and the proxy speaks TCP with it"),
                format!("route to the TCP port of `{name}`, or publish `{port}`"),
            );
        }
        let Some(contract) = member.contract() else { continue };
        let Some(known) = contract.ports.get() else { continue };
        let tcp = known.iter().filter(|it| it.protocol() == Protocol::Tcp);
        let known: Vec<_> = tcp.map(|it| it.number()).collect();
        let ports = project.sites_of(name).flat_map(ProxySite::upstream_ports);
        for port in ports.filter(|it| !known.contains(it)) {
            let image = &contract.repository;
            let known: Vec<_> = known.iter().map(|it| format!("`{it}`")).collect();
            let (listens, help) = if known.is_empty() {
                ("no TCP port".to_owned(), format!("remove the route of `{name}`"))
            } else {
                (known.join(", "), format!("route to {}", known.join(" or ")))
            };
            findings.on(
                &member,
                format!("`{name}` is routed to port `{port}`, and `{image}` listens on {listens}"),
                help,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_image, break_stack, spec};
    use crate::prelude::{Contract, Port, Route, ran};

    #[test]
    fn a_route_to_another_port_is_found() {
        let found = break_stack(|stack| {
            spec(stack, "web").routes = vec![Route::host("notes", Port::new(8081))];
        });
        insta::assert_snapshot!(found, @r"
        error[route-port]: `web` is routed to port `8081`, and `example/web` listens on `8080`
          --> web.rs
          help: route to `8080`
        ");
    }

    #[test]
    fn a_route_to_a_udp_port_is_found() {
        let found = break_stack(|stack| {
            spec(stack, "web").routes = vec![Route::host("notes", Port::udp(8080))];
        });
        insta::assert_snapshot!(found, @r"
        error[route-port]: `web` is routed to port `8080/udp`, and the proxy speaks TCP with it
          --> web.rs
          help: route to the TCP port of `web`, or publish `8080/udp`
        ");
        // Nothing but the contract tells a file's author.
        let udp = |it: &mut Contract| it.ports = ran("tests").all([Port::udp(8080)]);
        let found = break_image(|_| {}, udp);
        insta::assert_snapshot!(found, @r"
        error[route-port]: `web` is routed to port `8080`, and `example/web` listens on no TCP port
          --> web.rs
          help: remove the route of `web`
        ");
    }

    #[test]
    fn a_route_to_an_image_without_ports_is_found() {
        let found = break_stack(|stack| {
            spec(stack, "dump").routes = vec![Route::host("dumps", Port::new(8080))];
        });
        insta::assert_snapshot!(found, @r"
        error[route-port]: `dump` is routed to port `8080`, and `example/dump` listens on no TCP port
          --> dump.rs
          help: remove the route of `dump`
        ");
    }

    #[test]
    fn an_upstream_with_a_scheme_is_found() {
        let found = break_file(|file| {
            let upstream = "{{upstreams https 8443}}".to_owned();
            file.services["web"].labels.insert("caddy.reverse_proxy".to_owned(), upstream);
        });
        insta::assert_snapshot!(found, @r"
        error[route-port]: `web` is routed to port `8443`, and `example/web` listens on `8080`
          --> web.rs
          help: route to `8080`
        ");
    }
}
