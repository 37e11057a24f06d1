//! A service with a published port is on a network with a way out.
//!
//! Docker publishes no port of a container whose networks are all `internal`. Compose
//! accepts the file, and connections to the port are refused.
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
        let networks = &member.service.networks;
        // A service without networks is on the default one, which has a way out.
        if networks.is_empty() || !networks.iter().all(|it| project.is_internal(it)) {
            continue;
        }
        for port in &member.service.ports {
            let networks: Vec<_> = networks.iter().map(|it| format!("`{it}`")).collect();
            findings.on(
                &member,
                format!(
                    "`{}` publishes `{}` and is on internal networks only: {}",
                    member.name,
                    project.port_text(port),
                    networks.join(", ")
                ),
                "add a network that is not internal, or remove the port".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

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
        ");
    }
}
