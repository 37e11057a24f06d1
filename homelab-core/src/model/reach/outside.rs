//! Connections between containers and the world outside: the host, the household's network, the
//! internet.

use std::fmt;
use std::net::IpAddr;

use crate::dsl::units::Protocol;
use crate::model::project::{Member, Project};

/// A place outside the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// The machine that the engine runs on.
    Host,
    /// The household's network.
    Lan,
    /// Everything beyond the household's router.
    Internet,
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::Lan => "lan",
            Self::Internet => "internet",
        })
    }
}

/// A port that can be reached from outside the stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayIn {
    /// From where.
    pub from: Zone,
    /// Who accepts it.
    pub to: String,
    /// Where to connect to.
    pub at: At,
    /// The port there.
    pub port: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
}

/// Where to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum At {
    /// The container's own address on this network.
    Network(String),
    /// Every address of the host.
    EveryAddress,
    /// One address of the host.
    Address(String),
}

const EVERYBODY: &[Zone] = &[Zone::Host, Zone::Lan, Zone::Internet];

/// Returns every way in from outside, by service and place.
///
/// Whoever has the host's network is reached at every port that its image listens on, because the
/// host's firewall is not known.
///
/// The host reaches every port of every container on a network on which it has an address. Others
/// reach published ports only: nobody those at a loopback address, the household those at a private
/// address, everybody all others. The household's router is assumed to forward every port.
///
/// Who is on a macvlan network is reached at every port of its address there, by all but the host.
pub fn ways_in(project: &Project<'_>) -> Vec<WayIn> {
    let mut ways = Vec::new();
    for member in project.members() {
        let to = || member.name.to_owned();
        let networks = member.networks().iter().filter(|_| !member.is_on_host());
        for network in networks.filter(|it| project.has_host(it)) {
            for port in member.contract().iter().flat_map(|it| it.ports.items()) {
                let (port, protocol) = (port.number(), port.protocol());
                let at = At::Network(network.to_owned());
                ways.push(WayIn { from: Zone::Host, to: to(), at, port, protocol });
            }
        }
        if member.is_on_host() {
            for port in member.contract().iter().flat_map(|it| it.ports.items()) {
                let (port, protocol) = (port.number(), port.protocol());
                let way = |from: &Zone| WayIn {
                    from: *from,
                    to: to(),
                    at: At::EveryAddress,
                    port,
                    protocol,
                };
                ways.extend(EVERYBODY.iter().map(way));
            }
        }
        for (network, address) in project.in_lan(&member) {
            let (at, places) = match address {
                Some(address) => seen_from(Some(address)),
                None => (At::Network(network.to_owned()), &EVERYBODY[..2]),
            };
            for known in member.contract().iter().flat_map(|it| it.ports.items()) {
                let (port, protocol) = (known.number(), known.protocol());
                let way =
                    |from: &Zone| WayIn { from: *from, to: to(), at: at.clone(), port, protocol };
                ways.extend(places[1..].iter().map(way));
            }
        }
        for published in project.published(&member) {
            let address = published.host_ip.as_ref().map(|it| project.resolve(it));
            let (at, places) = seen_from(address);
            let ports = project.resolve(&published.published);
            for (port, from) in
                numbers(&ports).flat_map(|it| places.iter().map(move |from| (it, from)))
            {
                let (at, protocol) = (at.clone(), published.protocol);
                ways.push(WayIn { from: *from, to: to(), at, port, protocol });
            }
        }
    }
    ways
}

/// Whether a service can open connections to a place.
///
/// The host itself answers at the gateway of every network on which it has an address.
pub fn gets_out(project: &Project<'_>, member: &Member<'_>, to: Zone) -> bool {
    let mut networks = member.networks().iter();
    match to {
        Zone::Host => networks.any(|it| project.has_host(it)),
        Zone::Lan | Zone::Internet => networks.any(|it| project.leads_out(it)),
    }
}

/// Returns the ports of `8080` or `8080-8090`; none when a variable has no value.
fn numbers(ports: &str) -> impl Iterator<Item = u16> + use<> {
    let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
    let range = first.parse().and_then(|first| Ok((first, last.parse()?)));
    let (first, last): (u16, u16) = range.unwrap_or((1, 0));
    first..=last
}

fn seen_from(address: Option<String>) -> (At, &'static [Zone]) {
    let Some(address) = address else { return (At::EveryAddress, EVERYBODY) };
    match address.parse::<IpAddr>() {
        Ok(ip) if ip.is_unspecified() => (At::EveryAddress, EVERYBODY),
        Ok(ip) if ip.is_loopback() => (At::Address(address), &EVERYBODY[..1]),
        Ok(ip) if is_private(ip) => (At::Address(address), &EVERYBODY[..2]),
        _ => (At::Address(address), EVERYBODY),
    }
}

/// Whether no router of the internet forwards an address (RFC 1918, 3927, 4193, 4291, 6598).
fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let [a, b, ..] = ip.octets();
            ip.is_private() || ip.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_every_port_of_it() {
        assert_eq!(numbers("8080").collect::<Vec<_>>(), [8080]);
        assert_eq!(numbers("8080-8082").collect::<Vec<_>>(), [8080, 8081, 8082]);
        assert_eq!(numbers("$PORT").count(), 0);
    }

    #[test]
    fn an_address_tells_who_sees_it() {
        let places = |it: &str| seen_from(Some(it.to_owned())).1.len();
        assert_eq!(seen_from(None).1.len(), 3);
        for (address, expected) in [
            ("0.0.0.0", 3),
            ("::", 3),
            ("203.0.113.7", 3),
            ("127.0.0.1", 1),
            ("::1", 1),
            ("192.168.1.2", 2),
            ("10.0.0.1", 2),
            ("100.64.0.1", 2),
            ("fd00::1", 2),
            // A variable without a value: the worst is assumed.
            ("$LAN_ADDRESS", 3),
        ] {
            assert_eq!(places(address), expected, "{address}");
        }
    }
}
