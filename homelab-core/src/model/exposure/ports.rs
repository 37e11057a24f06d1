//! Ports that lead into a service: of the host, and of the service's own address in the LAN.

use super::OpenPort;
use crate::compose::PublishedPort;
use crate::dsl::privilege::{Exception, MACVLAN};
use crate::dsl::route::{Address, Publish};
use crate::dsl::units::Protocol;
use crate::model::project::{Member, Project};

/// Returns the ports that lead into one service from outside; those that follow each other, and
/// differ in nothing else, as a range.
pub fn ports(project: &Project<'_>, member: &Member<'_>) -> Vec<OpenPort> {
    let open = |port: &PublishedPort| OpenPort {
        address: port.host_ip.as_deref().map_or_else(|| "all".to_owned(), |it| project.resolve(it)),
        network: None,
        port: project.resolve(&port.published),
        protocol: port.protocol,
        service: member.name.to_owned(),
        profiles: member.service.profiles.clone(),
        because: publish_reason(member, port),
    };
    let mut ports = on_host(member);
    ports.extend(in_lan(project, member));
    for next in project.published(member).into_iter().map(open) {
        match ports.last_mut().and_then(|last| Some((joined(last, &next)?, last))) {
            Some((range, last)) => last.port = range,
            None => ports.push(next),
        }
    }
    ports
}

/// Returns the ports of a service that has the host's network.
fn on_host(member: &Member<'_>) -> Vec<OpenPort> {
    if !member.is_on_host() {
        return Vec::new();
    }
    let reason = member.reason_for(Exception::Namespace("network_mode", "host"));
    let because = format!("the host's network: {}", reason.unwrap_or("nobody said why"));
    every_port(member, "all", None, Some(&because))
}

/// Returns the ports of a service on a macvlan network.
fn in_lan(project: &Project<'_>, member: &Member<'_>) -> Vec<OpenPort> {
    let owner = member.owner().and_then(|it| project.member(it)).unwrap_or(*member);
    let open = |(network, address): (&str, Option<String>)| {
        let reason = owner.reason_for(Exception::Namespace(MACVLAN, network));
        let address = address.as_deref().unwrap_or("unknown");
        every_port(member, address, Some(network), reason)
    };
    project.in_lan(member).flat_map(open).collect()
}

/// Returns the ports that an image is known to listen on, or `any`.
fn every_port(
    member: &Member<'_>,
    address: &str,
    network: Option<&str>,
    because: Option<&str>,
) -> Vec<OpenPort> {
    let open = |port: String, protocol| OpenPort {
        address: address.to_owned(),
        network: network.map(str::to_owned),
        port,
        protocol,
        service: member.name.to_owned(),
        profiles: member.service.profiles.clone(),
        because: because.map(str::to_owned),
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
    use crate::checks::testing::{CATALOGUE, good, good_in_lan, in_lan, spec};
    use crate::model::exposure::gather;
    use crate::model::project::Project;
    use crate::model::reach;
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

    #[test]
    fn a_machine_of_the_households_network_is_reached_at_every_port() {
        let mut stack = good_in_lan();
        in_lan(spec(&mut stack, "web"));
        let file = Project::from_stack(&stack).file().clone();
        let bare = Project::from_file(file, &CATALOGUE);
        let open = gather(&bare).ports.into_iter().filter(|it| it.network.is_some());
        let open = open.map(|it| {
            let (on, why) = (it.network.unwrap_or_default(), it.because.unwrap_or_default());
            format!("{} on {on}: {} {}/{}, {why}", it.address, it.service, it.port, it.protocol)
        });
        insta::assert_snapshot!(open.collect::<Vec<_>>().join("\n"), @r"
        192.168.1.53 on lan: web 8080/tcp, the house asks it
        192.168.1.53 on lan: fetch any/tcp, the house asks it
        192.168.1.53 on lan: fetch any/udp, the house asks it
        ");
        let ways = reach::ways_in(&bare).into_iter().filter(|it| it.to == "web");
        let ways = ways.map(|it| format!("{} {:?} {}", it.from, it.at, it.port));
        insta::assert_snapshot!(ways.collect::<Vec<_>>().join("\n"), @r#"lan Address("192.168.1.53") 8080"#);
    }
}
