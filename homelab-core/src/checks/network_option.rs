//! A network has no option by which it is another one than it seems, and is none of the engine's own.
//!
//! Options of the driver decide who reaches whom: `gateway_mode_ipv4: nat-unprotected` opens every
//! port of every member, `bridge.name` joins a bridge that is there. And a network whose real name is
//! `host`, `bridge` or `none` is the engine's.
//!
//! Fix: remove the option, or give the network a name of its own.

use super::{Findings, Rule};
use crate::compose::bridge;
use crate::finding::Severity;
use crate::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "network-option",
    severity: Severity::Error,
    source: include_str!("network_option.rs"),
    run,
};

/// Options whose meaning the model of who reaches whom knows.
const KNOWN: &[&str] = &[bridge::NO_HOST_ADDRESS, bridge::MEMBERS_CONNECT, bridge::MASQUERADE];

/// Networks that every engine has.
const ENGINES: &[&str] = &["host", "bridge", "none"];

fn run(project: &Project<'_>, findings: &mut Findings) {
    for (key, network) in &project.file().networks {
        for option in network.driver_opts.keys().filter(|it| !KNOWN.contains(&it.as_str())) {
            findings.about(
                key,
                format!("the network `{key}` has the option `{option}`, which nobody judges"),
                format!("remove `{option}`"),
            );
        }
        let name = network.name.as_ref().map(|it| project.resolve(it));
        if let Some(name) = name.filter(|it| ENGINES.contains(&it.as_str())) {
            findings.about(
                key,
                format!("the network `{key}` is the engine's own network `{name}`"),
                format!("give `{key}` a name of its own"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn an_option_that_opens_a_network_is_found() {
        let found = break_file(|file| {
            let option = "com.docker.network.bridge.gateway_mode_ipv4".to_owned();
            file.networks["backend"].driver_opts.insert(option, "nat-unprotected".to_owned());
        });
        insta::assert_snapshot!(found, @"
        error[network-option]: the network `backend` has the option `com.docker.network.bridge.gateway_mode_ipv4`, which nobody judges
          --> backend
          help: remove `com.docker.network.bridge.gateway_mode_ipv4`
        ");
    }

    #[test]
    fn a_network_of_the_engine_is_found() {
        let found = break_file(|file| {
            file.networks["backend"].name = Some("${X:-host}".to_owned());
        });
        insta::assert_snapshot!(found, @"
        error[network-option]: the network `backend` is the engine's own network `host`
          --> backend
          help: give `backend` a name of its own
        ");
    }
}
