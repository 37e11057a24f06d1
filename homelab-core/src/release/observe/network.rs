//! Reads networks and published ports.

use std::net::IpAddr;

use indexmap::IndexMap;
use serde_json::Value;

use super::json::{entries, list, pairs, text, texts, truth};
use super::{same, words};
use crate::compose::{AddressRange, File, Ipam, Network, PublishedPort, Service, ServiceNetwork};
use crate::dsl::units::Protocol;

/// The engine's own networks, which a file names in `network_mode`.
const MODES: [&str; 4] = ["host", "none", "bridge", "default"];

/// Returns the network mode, if there is one, and the networks by the file's keys; networks that
/// the file does not know keep their real names.
pub(super) fn networks(
    container: &Value,
    wanted: &Service,
    file: &File,
) -> (Option<String>, Vec<ServiceNetwork>) {
    let attached = entries(container, "/NetworkSettings/Networks");
    let mode = text(container, "/HostConfig/NetworkMode");
    let is_mode = MODES.contains(&mode) || mode.starts_with("container:");
    let attached = attached.into_iter().filter(|it| !is_mode || !MODES.contains(&it.0));
    let attached: Vec<_> = attached.collect();
    let mode = match mode {
        "default" => "bridge",
        _ if is_mode => mode,
        // Somebody has disconnected the container from all of its networks.
        _ if attached.is_empty() => "none",
        _ => "",
    };
    let mode = words::mode(mode, wanted.network_mode.as_ref(), &[]);
    let key = |real: &str| {
        let key = file.networks.keys().find(|it| real_name(file, it) == real);
        key.map_or(real, String::as_str).to_owned()
    };
    let is_default = |it: &(&str, _)| it.0 == real_name(file, "default");
    if wanted.networks.is_empty() && attached.len() == 1 && attached.iter().all(is_default) {
        return (mode, Vec::new());
    }
    let network = |(real, found): (&str, &Value)| ServiceNetwork {
        key: key(real),
        ipv4_address: Some(text(found, "/IPAMConfig/IPv4Address").to_owned())
            .filter(|it| !it.is_empty()),
    };
    let found = attached.into_iter().map(network).collect();
    let meaning = |it: &ServiceNetwork| (real_name(file, &it.key), it.ipv4_address.clone());
    (mode, same(&wanted.networks, found, meaning))
}

/// Returns the host name, unless it is the one that the engine gives: the beginning of the
/// container's id, or that of whoever owns the network.
pub(super) fn hostname(container: &Value, wanted: &Service) -> Option<String> {
    let found = text(container, "/Config/Hostname");
    let mode = text(container, "/HostConfig/NetworkMode");
    let is_owners = mode == "host" || mode.starts_with("container:");
    let is_engines = text(container, "/Id").starts_with(found) || is_owners;
    if is_engines && wanted.hostname.as_deref() != Some(found) {
        return None;
    }
    Some(found.to_owned())
}

/// Returns the names that it finds besides those of services.
pub(super) fn extra_hosts(container: &Value) -> IndexMap<String, String> {
    let lines = texts(container, "/HostConfig/ExtraHosts");
    let pair = |line: &String| {
        let (name, address) = line.split_once(':').unwrap_or((line, ""));
        (name.to_owned(), address.to_owned())
    };
    lines.iter().map(pair).collect()
}

/// Returns a network as a file would define it, from its object of `docker network inspect`.
///
/// Addresses are left out when `wanted` leaves them to the engine, and so are gateways.
pub fn network(found: &Value, wanted: &Network) -> Network {
    let ranges = wanted.ipam.iter().flat_map(|it| &it.config).map(Some);
    let ranges = list(found, "/IPAM/Config").zip(ranges.chain(std::iter::repeat(None)));
    let written =
        |of: &Value, field: &str| Some(text(of, field).to_owned()).filter(|it| !it.is_empty());
    let range = |(found, wanted): (&Value, Option<&AddressRange>)| AddressRange {
        subnet: text(found, "/Subnet").to_owned(),
        ip_range: written(found, "/IPRange"),
        gateway: wanted.and_then(|it| it.gateway.as_ref()).and_then(|_| written(found, "/Gateway")),
    };
    let config = ranges.map(range).collect();
    let mut driver_opts = pairs(found, "/Options");
    // Newer engines also store their fields `EnableIPv4` and `EnableIPv6` as options.
    driver_opts.retain(|key, _| !key.starts_with("com.docker.network.enable_ipv"));
    Network {
        name: wanted.name.clone(),
        driver: words::mode(text(found, "/Driver"), wanted.driver.as_ref(), &["bridge"]),
        internal: truth(found, "/Internal"),
        driver_opts,
        ipam: wanted.ipam.as_ref().map(|_| Ipam { config }),
    }
}

fn real_name(file: &File, network: &str) -> String {
    let name = file.networks.get(network).map(|it| &it.name);
    match name {
        Some(Some(name)) => name.clone(),
        None if network != "default" => network.to_owned(),
        Some(None) | None => format!("{}_{network}", file.name),
    }
}

pub(super) fn ports(container: &Value, wanted: &Service) -> Vec<PublishedPort> {
    let mut found = Vec::new();
    for (target, hosts) in entries(container, "/HostConfig/PortBindings") {
        for host in list(hosts, "") {
            found.push(port(target, text(host, "/HostPort"), text(host, "/HostIp")));
        }
    }
    if truth(container, "/HostConfig/PublishAllPorts") {
        let exposed = entries(container, "/Config/ExposedPorts").into_iter();
        found.extend(exposed.map(|it| port(it.0, "", "")));
    }
    same(&wanted.ports, found, meaning)
}

/// Makes a port from `53/udp` and the place where it is published. A protocol that our files cannot
/// name is kept in the text of the host's port.
fn port(target: &str, published: &str, address: &str) -> PublishedPort {
    let (number, protocol) = target.split_once('/').unwrap_or((target, "tcp"));
    let (protocol, published) = match protocol {
        "tcp" => (Protocol::Tcp, published.to_owned()),
        "udp" => (Protocol::Udp, published.to_owned()),
        other => (Protocol::Tcp, format!("{published}/{other}")),
    };
    PublishedPort {
        target: number.parse().unwrap_or_default(),
        published,
        host_ip: Some(address.to_owned()).filter(|it| !it.is_empty()),
        protocol,
    }
}

/// Makes ports comparable: ports of the host as numbers, addresses as bits. No address is not the
/// same as `0.0.0.0`, because it includes the addresses of IPv6.
fn meaning(it: &PublishedPort) -> (u16, Protocol, String, Result<Option<IpAddr>, String>) {
    let published = match it.published.split_once('-') {
        Some((first, last)) if number(first) == number(last) => number(first),
        Some((first, last)) => format!("{}-{}", number(first), number(last)),
        None => number(&it.published),
    };
    let address = match it.host_ip.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => {
            let bare = text.trim_start_matches('[').trim_end_matches(']');
            bare.parse().map(Some).map_err(|_| text.to_owned())
        }
    };
    (it.target, it.protocol, published, address)
}

/// Drops leading zeros; zero itself means "any".
fn number(text: &str) -> String {
    text.trim_start_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::release::diff;

    /// What differs between a macvlan network of the engine and one of a file.
    fn told(driver: &str, parent: &str, range: AddressRange) -> Vec<String> {
        // As Docker Engine 20.10 and later show it, cut to what is read.
        let found = json!({
            "Driver": "macvlan",
            "Internal": false,
            "IPAM": { "Config": [{ "Subnet": "192.168.1.0/24", "Gateway": "192.168.1.1" }] },
            "Options": { "parent": "eth0", "com.docker.network.enable_ipv4": "true" },
        });
        let wanted = Network {
            driver: Some(driver.to_owned()),
            driver_opts: IndexMap::from([("parent".to_owned(), parent.to_owned())]),
            ipam: Some(Ipam { config: vec![range] }),
            ..Network::default()
        };
        let changes = diff::network("lan", &network(&found, &wanted), &wanted);
        changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_macvlan_network_is_what_its_file_says() {
        let range = || AddressRange::of("192.168.1.0/24");
        let by = |it: &str| AddressRange { gateway: Some(it.to_owned()), ..range() };
        assert_eq!(told("macvlan", "eth0", by("192.168.1.1")), [""; 0]);
        assert_eq!(told("macvlan", "eth0", range()), [""; 0], "the engine chose the gateway");
        for (changes, expected) in [
            (told("bridge", "eth0", range()), "networks.lan.driver: macvlan → bridge"),
            (told("macvlan", "eth1", range()), "networks.lan.driver_opts.parent: eth0 → eth1"),
            (
                told("macvlan", "eth0", by("192.168.1.2")),
                "networks.lan.gateway: 192.168.1.1 → 192.168.1.2",
            ),
            (
                told(
                    "macvlan",
                    "eth0",
                    AddressRange { ip_range: Some("192.168.1.64/26".to_owned()), ..range() },
                ),
                "networks.lan.ip_range: added 192.168.1.64/26",
            ),
        ] {
            assert_eq!(changes, [expected]);
        }
    }
}
