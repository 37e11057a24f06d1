//! A database or cache shares no network with the reverse proxy.
//!
//! The proxy is the one service that strangers talk to. Whoever takes it over can open a
//! connection to everything on its networks, so a database there is one password away.
//!
//! Fix: take the database off that network; it and the services that use it share an
//! internal network of their own.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::service::RoleKind;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "data-on-proxy-network",
    severity: Severity::Error,
    source: include_str!("data_on_proxy_network.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let edges: Vec<_> = project.members().filter(|it| it.role() == Some(RoleKind::Edge)).collect();
    for member in project.members().filter(|it| it.role() == Some(RoleKind::Data)) {
        for network in member.networks() {
            for edge in edges.iter().filter(|it| it.networks().contains(network)) {
                let (name, edge) = (member.name, edge.name);
                findings.on(
                    &member,
                    format!("the database `{name}` shares `{network}` with the proxy `{edge}`"),
                    format!("give `{name}` and its users an internal network without `{edge}`"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_database_on_the_ingress_network_is_found() {
        let found = break_file(|file| file.services["db"].networks.push("caddy.web".into()));
        insta::assert_snapshot!(found, @r"
        error[data-on-proxy-network]: the database `db` shares `caddy.web` with the proxy `caddy`
          --> db.rs
          help: give `db` and its users an internal network without `caddy`
        ");
    }

    #[test]
    fn a_proxy_on_the_network_of_a_database_is_found() {
        let found = break_file(|file| file.services["caddy"].networks.push("backend".into()));
        insta::assert_snapshot!(found, @r"
        error[data-on-proxy-network]: the database `db` shares `backend` with the proxy `caddy`
          --> db.rs
          help: give `db` and its users an internal network without `caddy`
        ");
    }
}
