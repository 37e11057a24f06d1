//! A route leads to a port that the image listens on.
//!
//! A route to any other port answers with `502 Bad Gateway` as soon as somebody opens it.
//!
//! Fix: use the port that the image's documentation names for its web interface.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
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
        let Some(contract) = member.contract() else { continue };
        let Some(known) = contract.ports.get() else { continue };
        let known: Vec<_> = known.iter().map(|it| it.number()).collect();
        let ports = project.sites_of(member.name).flat_map(ProxySite::upstream_ports);
        for port in ports.filter(|it| !known.contains(it)) {
            let (name, image) = (member.name, &contract.repository);
            let known: Vec<_> = known.iter().map(|it| format!("`{it}`")).collect();
            let (listens, help) = if known.is_empty() {
                ("no port".to_owned(), format!("remove the route of `{name}`"))
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
    use crate::checks::testing::{break_file, break_stack, spec};
    use crate::prelude::{Port, Route};

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
    fn a_route_to_an_image_without_ports_is_found() {
        let found = break_stack(|stack| {
            spec(stack, "dump").routes = vec![Route::host("dumps", Port::new(8080))];
        });
        insta::assert_snapshot!(found, @r"
        error[route-port]: `dump` is routed to port `8080`, and `example/dump` listens on no port
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
