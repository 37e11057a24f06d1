//! What holds of networks, ports and routes.

use std::collections::BTreeMap;

use homelab_core::compose::{File, Service, bridge};

use super::{contract_of, equal, holds_in_accepted_houses, holds_in_every_service, unless};
use homelab_core::prelude::{Egress, Proxy};

#[test]
fn databases_share_no_network_with_the_edge() {
    holds_in_accepted_houses(|house, file| {
        for data in &house.data {
            for edge in &house.edges {
                let (data, edge) = (&file.services[*data], &file.services[*edge]);
                let shared: Vec<_> =
                    data.networks.iter().filter(|it| edge.networks.contains(it)).collect();
                equal("networks of a database with the edge", &shared, &Vec::new())?;
            }
        }
        Ok(())
    });
}

#[test]
fn databases_have_no_port_on_the_host() {
    holds_in_every_service(|house, name, it| {
        unless(house.data.contains(&name) && !it.ports.is_empty(), name, "publishes a port")?;
        unless(house.data.contains(&name) && it.network_mode.is_some(), name, "has a network mode")
    });
}

#[test]
fn databases_have_no_route() {
    holds_in_every_service(|house, name, it| {
        let routed = it.labels.keys().any(|it| it.starts_with("caddy"));
        unless(house.data.contains(&name) && routed, name, "has a label for the proxy")
    });
}

#[test]
fn no_two_services_publish_one_port() {
    holds_in_accepted_houses(|_, file| {
        let all =
            || file.services.iter().flat_map(|it| it.1.ports.iter().map(move |port| (it.0, port)));
        for (at, (first, a)) in all().enumerate() {
            for (second, b) in all().skip(at + 1) {
                let everywhere = a.host_ip.is_none() || b.host_ip.is_none();
                let same = (&a.published, a.protocol) == (&b.published, b.protocol)
                    && (everywhere || a.host_ip == b.host_ip);
                unless(same, first, &format!("and `{second}` publish port {}", a.published))?;
            }
        }
        Ok(())
    });
}

/// The labels of a service by which the proxy serves a host name, each with that.
fn sites(service: &Service) -> impl Iterator<Item = &String> {
    let is_site = |key: &str| key == "caddy" || key.starts_with("caddy_") && !key.contains('.');
    let sites = service.labels.iter().filter(move |it| is_site(it.0) && !it.1.starts_with('('));
    sites.map(|it| it.1)
}

#[test]
fn no_two_routes_have_one_host() {
    holds_in_accepted_houses(|_, file| {
        let mut hosts: BTreeMap<&str, &str> = BTreeMap::new();
        for (name, service) in &file.services {
            for host in sites(service) {
                unless(hosts.insert(host, name).is_some(), name, "has another one's host name")?;
            }
        }
        Ok(())
    });
}

/// Services on a network.
fn members<'a>(file: &'a File, network: &'a str) -> impl Iterator<Item = &'a String> {
    let is_on = move |it: &Service| it.networks.iter().any(|it| it.key == network);
    file.services.iter().filter(move |it| is_on(it.1)).map(|it| it.0)
}

#[test]
fn a_routed_service_is_alone_with_an_edge() {
    holds_in_accepted_houses(|house, file| {
        let is_edge = |it: &String| house.edges.contains(&it.as_str());
        for (name, service) in &file.services {
            let is_alone = |network: &String| {
                let others: Vec<_> = members(file, network).filter(|it| *it != name).collect();
                others.len() == 1 && is_edge(others[0]) && file.networks[network].internal
            };
            let is_routed = sites(service).next().is_some();
            let is_served = service.networks.iter().map(|it| &it.key).any(is_alone);
            unless(is_routed && !is_served, name, "shares no network with the edge alone")?;
        }
        Ok(())
    });
}

#[test]
fn nobody_reaches_another_one_unless_that_is_declared() {
    holds_in_accepted_houses(|house, file| {
        let site = house.stack.site();
        for (key, network) in &file.networks {
            let on: Vec<_> = members(file, key).map(|it| &file.services[it]).collect();
            let by_name = site.networks.iter().any(|it| it.name() == key);
            let pairs = members(file, key).flat_map(|a| members(file, key).map(move |b| (a, b)));
            for (a, b) in pairs.filter(|(a, b)| a < b && !by_name) {
                let is_route = |edge: &String, app: &String| {
                    house.edges.contains(&edge.as_str())
                        && sites(&file.services[app]).next().is_some()
                };
                let uses = |a: &String, b: &String| file.services[a].depends_on.contains_key(b);
                let is_declared = is_route(a, b) || is_route(b, a) || uses(a, b) || uses(b, a);
                unless(!is_declared, key, "is of two that have nothing to do with each other")?;
            }
            unless(!by_name && on.len() > 2, key, "is nobody's wish and has more than two")?;
            let is_closed =
                network.driver_opts.get(bridge::MEMBERS_CONNECT).is_some_and(|it| it == "false");
            unless(key == site.egress.name() && !is_closed, key, "lets its members meet")?;
            let Some(Proxy::Caddy { network: own, .. }) = site.proxy else { return Ok(()) };
            unless(key == own.name() && on.len() > 1, key, "is not the edge's own")?;
            for service in on.iter().filter(|it| it.networks.len() > 1) {
                let forwards =
                    service.sysctls.get("net.ipv4.ip_forward").is_none_or(|it| it != "0");
                unless(forwards, key, "can be left by a service that forwards packets")?;
            }
        }
        Ok(())
    });
}

#[test]
fn images_that_need_the_internet_have_a_way_out() {
    fn has_way_out(file: &File, service: &Service) -> bool {
        let mut networks = service.networks.iter().filter_map(|it| file.networks.get(&it.key));
        networks.any(|it| !it.internal)
    }
    holds_in_accepted_houses(|_, file| {
        for (name, service) in &file.services {
            let needed = contract_of(service).and_then(|it| it.egress.get());
            let is_needed = matches!(needed, Some(Egress::Required(_)));
            unless(is_needed && !has_way_out(file, service), name, "has no way out")?;
        }
        Ok(())
    });
}
