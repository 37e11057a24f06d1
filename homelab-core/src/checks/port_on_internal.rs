//! A service with a published port is on a network whose ports the engine publishes.
//!
//! Docker publishes no port of a container whose networks are all `internal` or of the driver
//! `macvlan`, or that has none (`network_mode: none`). Compose accepts the file, and connections to
//! the port are refused. On a macvlan network a service is reached at its own address instead.
//!
//! Fix: add a network that is not internal, or remove the port.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "port-on-internal",
    severity: Severity::Error,
    source: include_str!("port_on_internal.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members().filter(|it| !it.is_private()) {
        let networks = member.networks();
        if networks.iter().any(|it| project.publishes_ports(it)) {
            continue;
        }
        for port in project.ranges(&member.service.ports) {
            let names: Vec<_> = networks.iter().map(|it| format!("`{it}`")).collect();
            let on = match names.join(", ") {
                none if none.is_empty() => "on no network".to_owned(),
                names if networks.iter().all(|it| project.is_internal(it)) => {
                    format!("on internal networks only: {names}")
                }
                names => format!("on networks without published ports only: {names}"),
            };
            let name = member.name;
            findings.on(
                &member,
                format!("`{name}` publishes `{port}` and is {on}"),
                "add a network that is not internal, or remove the port".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_lan, spec};
    use crate::dsl::route::Publish;
    use crate::dsl::units::Port;

    #[test]
    fn a_port_of_a_machine_of_the_households_network_is_found() {
        let publish = Publish::everywhere(Port::new(9000), "why not");
        let found = break_lan(|stack| spec(stack, "fetch").publishes.push(publish), |_| {});
        insta::assert_snapshot!(found, @r"
        error[port-on-internal]: `fetch` publishes `9000/tcp` and is on networks without published ports only: `lan`
          --> fetch.rs
          help: add a network that is not internal, or remove the port
        ");
    }

    #[test]
    fn a_port_behind_internal_networks_is_found() {
        let found = break_file(|file| {
            let ports = file.services["caddy"].ports.clone();
            file.services["dump"].ports = ports;
            file.services["dump"].ports[0].published = "9000".to_owned();
        });
        insta::assert_snapshot!(found, @r"
        error[port-on-internal]: `dump` publishes `9000/tcp` and is on internal networks only: `dump.db`
          --> dump.rs
          help: add a network that is not internal, or remove the port
        error[published-port]: `dump` publishes its port `443/tcp` as `9000/tcp`, and `example/dump` listens on no port
          --> dump.rs
          help: publish a port that the image listens on, or accept this with the setting that makes it listen there
        ");
    }
}
