//! A service has namespaces of its own, unless there is a recorded reason.
//!
//! In the host's network a container reaches what listens on `localhost` only, and publishes
//! every port it opens; in the host's process namespace it sees and can signal every process
//! of its user. `ipc`, `uts` and `userns_mode` each remove another wall. The namespace of another
//! container (`service:…`, `container:…`) may be the host's itself.
//!
//! The network of another service of the file (`network_mode: service:…`) counts as that service's
//! own. A service in any other container's network, or on a network that the file does not name,
//! reaches services that nobody can list: no recorded reason makes that right.
//!
//! On a macvlan network a service is a machine of the household's network: it is reached at all of
//! its ports, past the host's firewall, and can take any address there.
//!
//! Fix: remove the line. Where the service is about the host, as a monitor is, or has to find devices
//! in the household's network, record the reason: `.host_pid("…")`, `.host_network("…")`,
//! `.ipv4_address(…)`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::privilege::{Exception, MACVLAN};
use crate::model::power::namespaces;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "host-namespace",
    severity: Severity::Error,
    source: include_str!("host_namespace.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for (key, value) in namespaces(project, &member) {
            let name = member.name;
            let is_alone = member.reason_for(Exception::Namespace(key, &value)).is_none();
            if key == MACVLAN && is_alone {
                findings.on(
                    &member,
                    format!(
                        "`{name}` is a machine of the household's network by the macvlan network \
                         `{value}`, without a recorded reason"
                    ),
                    format!("take `{name}` off `{value}`"),
                );
                continue;
            }
            let fault = if key == "network_mode" && value != "host" {
                "and so reaches unknown services"
            } else if is_alone {
                "without a recorded reason"
            } else {
                continue;
            };
            findings.on(
                &member,
                format!("`{name}` has `{key}: {value}` {fault}"),
                format!("remove `{key}: {value}`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_both, break_file, break_lan, break_stack, spec};
    use crate::compose::Service;
    use crate::dsl::privilege::Exception;
    use crate::dsl::stack::Stack;

    #[test]
    fn the_network_of_the_host_is_found() {
        let found = break_file(|file| {
            file.services["dump"].networks.clear();
            file.services["dump"].network_mode = Some("host".to_owned());
        });
        insta::assert_snapshot!(found, @r"
        error[network-mode]: `dump` uses `db`, and shares no network with it
          --> dump.rs
          help: take `dump` or `db` out of the network that is not its own
        error[host-namespace]: `dump` has `network_mode: host` without a recorded reason
          --> dump.rs
          help: remove `network_mode: host`
        ");
    }

    #[test]
    fn every_other_namespace_of_the_host_is_found() {
        type Field = fn(&mut Service) -> &mut Option<String>;
        let fields: [(&str, Field); 4] = [
            ("pid", |it| &mut it.pid),
            ("ipc", |it| &mut it.ipc),
            ("uts", |it| &mut it.uts),
            ("userns_mode", |it| &mut it.userns_mode),
        ];
        for (key, field) in fields {
            let found = break_file(|file| {
                *field(&mut file.services["fetch"]) = Some("host".to_owned());
            });
            let told = format!("error[host-namespace]: `fetch` has `{key}: host` without");
            assert!(found.starts_with(&told), "{found}");
        }
    }

    #[test]
    fn the_namespace_of_another_container_is_found() {
        for value in ["service:dump", "container:x", "${X:-service:dump}"] {
            let found = break_file(|file| file.services["fetch"].pid = Some(value.to_owned()));
            assert!(found.starts_with("error[host-namespace]: `fetch` has `pid: "), "{found}");
        }
        for value in ["private", "shareable", "none", ""] {
            assert_eq!(break_file(|file| file.services["fetch"].ipc = Some(value.to_owned())), "");
        }
    }

    #[test]
    fn a_network_that_nobody_can_tell_is_found_even_with_a_reason() {
        for value in ["service:absent", "container:x", "bridge", "house_caddy.web"] {
            let reason = |stack: &mut Stack| {
                let what = Exception::Namespace("network_mode", value);
                spec(stack, "dump").exceptions.push((what, "it is"));
            };
            let found = break_both(reason, |file| {
                file.services["dump"].networks.clear();
                file.services["dump"].network_mode = Some(value.to_owned());
            });
            let told = format!("error[host-namespace]: `dump` has `network_mode: {value}` and so");
            assert!(found.contains(&told), "{found}");
        }
    }

    #[test]
    fn a_machine_of_the_households_network_is_found() {
        let found = break_lan(|stack| spec(stack, "fetch").exceptions.clear(), |_| {});
        insta::assert_snapshot!(found, @r"
        error[host-namespace]: `fetch` is a machine of the household's network by the macvlan network `lan`, without a recorded reason
          --> fetch.rs
          help: take `fetch` off `lan`
        ");
    }

    #[test]
    fn a_recorded_reason_is_accepted_and_an_empty_one_is_not() {
        let found = |because| {
            break_stack(|stack| {
                let fetch = spec(stack, "fetch");
                fetch.host_pid = true;
                fetch.exceptions.push((Exception::Namespace("pid", "host"), because));
            })
        };
        assert_eq!(found("it watches processes"), "");
        assert!(found(" ").starts_with("error[host-namespace]"));
    }
}
