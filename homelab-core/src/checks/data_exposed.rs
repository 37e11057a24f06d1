//! A database or cache has no way in from outside: no port, route or address in the LAN.
//!
//! A published port bypasses the host's firewall, because Docker writes rules of its own, and
//! a route offers the service to every browser that finds the name. What a database holds is
//! then guarded by its password alone.
//!
//! Fix: remove the port or the `caddy` labels. `docker compose exec` and an SSH tunnel to
//! the host reach a database without either.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::service::RoleKind;
use crate::model::project::Project;
use crate::proxy::caddyfile::ProxySite;

pub(super) const RULE: Rule = Rule {
    id: "data-exposed",
    severity: Severity::Error,
    source: include_str!("data_exposed.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members().filter(|it| it.role() == Some(RoleKind::Data)) {
        let name = member.name;
        for port in project.ranges(project.published(&member)) {
            findings.on(
                &member,
                format!("the database `{name}` publishes the port `{port}`"),
                "remove the port: its users reach it over a network of the stack".to_owned(),
            );
        }
        for other in project.members().filter(|it| it.owner() == Some(name)) {
            findings.on(
                &other,
                format!(
                    "`{}` is in the network of the database `{name}`: what it publishes, and its way out, \
                     are the database's",
                    other.name
                ),
                format!("give it a network of its own, and let it reach `{name}` by `.uses(…)`"),
            );
        }
        for (network, _) in project.in_lan(&member) {
            findings.on(
                &member,
                format!("the database `{name}` is in the household's network by `{network}`"),
                format!("take it off `{network}`: its users reach it over a network of the stack"),
            );
        }
        for address in project.sites_of(name).flat_map(ProxySite::addresses) {
            findings.on(
                &member,
                format!("the database `{name}` is routed as `{address}`"),
                format!("remove the `caddy` labels of `{name}`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn whoever_shares_its_network_is_found() {
        use crate::checks::testing::break_file;
        let found = break_file(|file| {
            let web = &mut file.services["web"];
            web.network_mode = Some("service:db".to_owned());
            web.networks.clear();
        });
        let own = found.split("error[").find(|it| it.starts_with("data-exposed"));
        insta::assert_snapshot!(own.unwrap_or_default(), @r"
        data-exposed]: `web` is in the network of the database `db`: what it publishes, and its way out, are the database's
          --> web.rs
          help: give it a network of its own, and let it reach `db` by `.uses(…)`
        ");
    }

    #[test]
    fn an_address_in_the_households_network_is_found() {
        use crate::checks::testing::{break_lan, in_lan, spec};
        let found = break_lan(
            |stack| {
                spec(stack, "fetch").addresses.clear();
                in_lan(spec(stack, "db"));
            },
            |_| {},
        );
        insta::assert_snapshot!(found.lines().next().unwrap_or_default(), @"error[data-exposed]: the database `db` is in the household's network by `lan`");
    }

    use crate::checks::testing::break_file;

    #[test]
    fn a_database_with_a_port_is_found() {
        let found = break_file(|file| {
            let ports = file.services["caddy"].ports.clone();
            file.services["db"].ports = ports;
            file.services["db"].ports[0].published = "5432".to_owned();
        });
        insta::assert_snapshot!(found, @r"
        error[data-exposed]: the database `db` publishes the port `5432/tcp`
          --> db.rs
          help: remove the port: its users reach it over a network of the stack
        ");
    }

    #[test]
    fn a_database_with_a_route_is_found() {
        let found = break_file(|file| {
            let labels = &mut file.services["db"].labels;
            labels.insert("caddy".to_owned(), "db.home.arpa".to_owned());
            labels.insert("caddy.reverse_proxy".to_owned(), "{{upstreams 5432}}".to_owned());
        });
        insta::assert_snapshot!(found, @r"
        error[data-exposed]: the database `db` is routed as `db.home.arpa`
          --> db.rs
          help: remove the `caddy` labels of `db`
        ");
    }
}
