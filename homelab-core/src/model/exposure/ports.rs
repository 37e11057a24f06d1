//! Ports of the host that lead into a service.

use super::OpenPort;
use crate::compose::PublishedPort;
use crate::dsl::privilege::Exception;
use crate::dsl::route::{Address, Publish};
use crate::dsl::units::Protocol;
use crate::model::project::{Member, Project};

/// Returns the ports of the host that lead into one service; those that follow each other, and
/// differ in nothing else, as a range.
pub fn ports(project: &Project<'_>, member: &Member<'_>) -> Vec<OpenPort> {
    let open = |port: &PublishedPort| OpenPort {
        address: port.host_ip.as_deref().map_or_else(|| "all".to_owned(), |it| project.resolve(it)),
        port: project.resolve(&port.published),
        protocol: port.protocol,
        service: member.name.to_owned(),
        profiles: member.service.profiles.clone(),
        because: publish_reason(member, port),
    };
    let mut ports = on_host(member);
    for next in project.published(member).into_iter().map(open) {
        match ports.last_mut().and_then(|last| Some((joined(last, &next)?, last))) {
            Some((range, last)) => last.port = range,
            None => ports.push(next),
        }
    }
    ports
}

/// Returns the ports of a service that has the host's network: those that its image is known to
/// listen on, or `any`.
fn on_host(member: &Member<'_>) -> Vec<OpenPort> {
    if !member.is_on_host() {
        return Vec::new();
    }
    let reason = member.reason_for(Exception::Namespace("network_mode", "host"));
    let open = |port: String, protocol| OpenPort {
        address: "all".to_owned(),
        port,
        protocol,
        service: member.name.to_owned(),
        profiles: member.service.profiles.clone(),
        because: Some(format!("the host's network: {}", reason.unwrap_or("nobody said why"))),
    };
    match member.contract().and_then(|it| it.ports.get()) {
        Some(known) => {
            known.iter().map(|it| open(it.number().to_string(), it.protocol())).collect()
        }
        None => [Protocol::Tcp, Protocol::Udp].map(|it| open("any".to_owned(), it)).into(),
    }
}

/// Returns the range of two entries of which the second one follows the first.
fn joined(last: &OpenPort, next: &OpenPort) -> Option<String> {
    let (first, end) = last.port.split_once('-').unwrap_or((&last.port, &last.port));
    let follows = end.parse::<u16>().ok()?.checked_add(1)? == next.port.parse::<u16>().ok()?;
    let is_same = OpenPort { port: next.port.clone(), ..last.clone() } == *next;
    (follows && is_same).then(|| format!("{first}-{}", next.port))
}

fn publish_reason(member: &Member<'_>, port: &PublishedPort) -> Option<String> {
    let is_it = |it: &&Publish| it.leads_to(port.target, port.protocol);
    let publish = member.facts().publishes.iter().find(is_it)?;
    Some(match publish.address {
        Address::Everywhere(because) => because.to_owned(),
        Address::Variable(variable) => format!("address from `{}`", variable.name()),
    })
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{good, spec};
    use crate::model::exposure::gather;
    use crate::model::project::Project;
    use crate::prelude::{EnvVar, Kind, Port, Publish};

    #[test]
    fn a_port_says_why_it_is_open() {
        const LAN: EnvVar = EnvVar::new("LAN", Kind::Ipv4, "Address.").or("10.0.0.1");
        let mut stack = good();
        // The same number as the one that is there, with the other protocol.
        let calls = Publish::at(&LAN, Port::udp(5000)).up_to(5009).as_host_port(6000);
        let caddy = spec(&mut stack, "caddy");
        caddy.publishes.extend([Publish::at(&LAN, Port::udp(443)), calls]);
        let exposure = gather(&Project::from_stack(&stack));
        let lines = exposure
            .ports
            .iter()
            .map(|it| format!("{} {}/{} {:?}", it.address, it.port, it.protocol, it.because));
        insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
        all 443/tcp Some("the way in")
        10.0.0.1 443/udp Some("address from `LAN`")
        10.0.0.1 6000-6009/udp Some("address from `LAN`")
        "#);
    }
}
