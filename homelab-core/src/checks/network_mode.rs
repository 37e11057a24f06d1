//! A service in the network of the host or of another service declares nothing that it cannot have.
//!
//! It has no networks of its own, so it cannot be put on one, and publishes no port: the host's ports
//! are its own, and another service publishes for it. Docker refuses ports, a host name and additional
//! hosts beside `network_mode: service:…`. In the host's network it finds no service by its name, and
//! reaches only those on networks on which the host has an address.
//!
//! Fix: remove what the message names, or what puts the service into that network. A database that a
//! service with the host's network uses publishes its port at `127.0.0.1`, or both share a way out.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::service::HOST_GATEWAY;
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "network-mode",
    severity: Severity::Error,
    source: include_str!("network_mode.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for used in &member.facts().uses {
            let Some(other) = project.member(used) else { continue };
            let is_elsewhere = |it: &Member<'_>| it.owner().is_some() || it.is_on_host();
            let is_cut_off = project.shared(&member, &other).next().is_none();
            if is_cut_off && (is_elsewhere(&member) || is_elsewhere(&other)) {
                findings.on(
                    &member,
                    format!("`{}` uses `{used}`, and shares no network with it", member.name),
                    format!(
                        "take `{}` or `{used}` out of the network that is not its own",
                        member.name
                    ),
                );
            }
        }
        let network = match member.owner() {
            Some(owner) => format!("the network of `{owner}`"),
            None if member.is_on_host() => "the host's network".to_owned(),
            None => continue,
        };
        for what in has_in_vain(project, &member) {
            findings.on(
                &member,
                format!("`{}` has {network}, and so cannot have {what}", member.name),
                format!("remove it, or take `{}` out of {network}", member.name),
            );
        }
    }
}

/// Returns what a service declares that it cannot have in the network of the host or another service.
fn has_in_vain(project: &Project<'_>, member: &Member<'_>) -> Vec<String> {
    let facts = member.facts();
    let mut all: Vec<_> =
        facts.on.iter().map(|it| format!("the network `{}`", it.name())).collect();
    let ports = project.ranges(&member.service.ports);
    let declared = facts.publishes.iter().map(|it| it.port.to_string());
    let ports =
        ports.iter().map(ToString::to_string).chain(declared.filter(|_| member.is_on_host()));
    all.extend(ports.map(|it| format!("the published port `{it}`")));
    if member.owner().is_some() {
        all.extend(facts.egress.map(|_| "a way out of its own".to_owned()));
        all.extend(member.service.hostname.iter().map(|it| format!("the host name `{it}`")));
        let hosts = member.service.extra_hosts.keys().filter(|it| *it != HOST_GATEWAY);
        all.extend(hosts.map(|it| format!("the additional host `{it}`")));
    }
    all
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{BACKEND, break_both, break_stack, spec};
    use crate::dsl::privilege::Exception;
    use crate::dsl::service::{NetworkMode, Spec};
    use crate::prelude::{Port, Publish, ServiceName, Stack};

    fn on_host(spec: &mut Spec) {
        spec.network = Some(NetworkMode::Host);
        spec.exceptions.push((Exception::Namespace("network_mode", "host"), "it finds devices"));
    }

    /// Adds a service like `fetch`, but without a way out of its own.
    fn rider(stack: &mut Stack) -> &mut Spec {
        let name = ServiceName::new("rider");
        let fetch = spec(stack, "fetch").clone();
        stack.services.push(Spec { name, egress: None, ..fetch });
        spec(stack, "rider")
    }

    fn passenger(stack: &mut Stack) {
        let fetch = spec(stack, "fetch").name;
        rider(stack).network = Some(NetworkMode::Service(fetch));
    }

    #[test]
    fn the_network_of_the_host_or_another_service_is_accepted() {
        assert_eq!(break_stack(|stack| on_host(rider(stack))), "");
        assert_eq!(break_stack(passenger), "");
    }

    #[test]
    fn a_service_on_the_host_cannot_have_what_is_of_networks() {
        let found = break_stack(|stack| {
            on_host(rider(stack));
            let rider = spec(stack, "rider");
            rider.networks.push(BACKEND);
            rider.publishes.push(Publish::everywhere(Port::new(80), "guests"));
        });
        insta::assert_snapshot!(found, @r"
        error[network-mode]: `rider` has the host's network, and so cannot have the network `backend`
          --> rider.rs
          help: remove it, or take `rider` out of the host's network
        error[network-mode]: `rider` has the host's network, and so cannot have the published port `80/tcp`
          --> rider.rs
          help: remove it, or take `rider` out of the host's network
        ");
    }

    #[test]
    fn a_service_on_the_host_does_not_reach_an_internal_network() {
        let found = break_stack(|stack| on_host(spec(stack, "dump")));
        assert!(found.contains("`dump` uses `db`, and shares no network with it"), "{found}");
    }

    #[test]
    fn what_docker_refuses_beside_another_network_is_found() {
        let found = break_both(passenger, |file| {
            let ports = file.services["caddy"].ports.clone();
            let rider = &mut file.services["rider"];
            rider.ports = ports;
            rider.ports[0].published = "444".to_owned();
            rider.hostname = Some("rider".to_owned());
            rider.extra_hosts.insert("nas".to_owned(), "192.168.1.2".to_owned());
        });
        insta::assert_snapshot!(found, @r"
        error[network-mode]: `rider` has the network of `fetch`, and so cannot have the published port `444/tcp`
          --> rider.rs
          help: remove it, or take `rider` out of the network of `fetch`
        error[network-mode]: `rider` has the network of `fetch`, and so cannot have the host name `rider`
          --> rider.rs
          help: remove it, or take `rider` out of the network of `fetch`
        error[network-mode]: `rider` has the network of `fetch`, and so cannot have the additional host `nas`
          --> rider.rs
          help: remove it, or take `rider` out of the network of `fetch`
        ");
    }
}
