//! The addresses of the house's networks are nobody else's.
//!
//! All networks of the house have addresses of one range, which the site names. Where a route of
//! the host leads into that range, its neighbours there and the containers cannot reach each other;
//! where another network of the engine has part of it, the house does not start. A route that holds
//! the whole range is a warning: the house works, and what lies there is out of reach.
//! The engine's own pools, which hold about thirty networks, are not used.
//!
//! Fix: choose another range for `subnets` in `homelab-services/src/site.rs`, run
//! `cargo xtask gen` and deploy; or remove the other network.

use std::net::Ipv4Addr;

use homelab_core::subnet::Subnet;

use super::docker;
use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule =
    HostRule { id: "host-network", source: include_str!("network.rs"), run };

const HELP: &str = "choose another range for `subnets` in `homelab-services/src/site.rs`, then run `cargo xtask gen`";

/// A network of the engine.
struct Network {
    name: String,
    subnets: Vec<Subnet>,
    is_own: bool,
}

fn run(context: &Context<'_>, findings: &mut Findings) {
    let (range, project) = (context.house.site().subnets, context.house.site().project);
    let networks = networks(project);
    let of_others = networks.iter().filter(|it| !it.is_own);
    for Network { name, subnets, .. } in of_others {
        if let Some(subnet) = subnets.iter().find(|it| it.overlaps(range)) {
            findings.error(
                name,
                format!(
                    "the network `{name}` has `{subnet}`, which overlaps the house's `{range}`"
                ),
                format!("remove it by `docker network rm {name}`, or {HELP}"),
            );
        }
    }
    // The engine's networks are routes of the host, too.
    let mut known: Vec<_> = networks.iter().flat_map(|it| &it.subnets).copied().collect();
    let wanted = context.project.file().networks.values();
    known
        .extend(wanted.flat_map(homelab_core::compose::Network::subnets).filter_map(Subnet::parse));
    for (device, route) in context.house.host.routes() {
        if !route.overlaps(range) || known.contains(&route) {
            continue;
        }
        let message =
            format!("the route to `{route}` by `{device}` overlaps the house's `{range}`");
        if route.holds(range) {
            findings.warning(&device, message, HELP.to_owned());
        } else {
            findings.error(&device, message, HELP.to_owned());
        }
    }
}

/// None when the engine does not answer: `host-engine` says so.
fn networks(project: &str) -> Vec<Network> {
    let ask = |words: &[&str]| docker::ask(words).unwrap_or_default();
    let ids = ask(&["network", "ls", "--quiet"]);
    let format = "{{.Name}}\t{{index .Labels \"com.docker.compose.project\"}}\t\
                  {{range .IPAM.Config}}{{.Subnet}} {{end}}";
    let ids: Vec<_> = ids.lines().collect();
    if ids.is_empty() {
        return Vec::new();
    }
    let told = ask(&[&["network", "inspect", "--format", format][..], &ids].concat());
    let network = |line: &str| {
        let mut words = line.split('\t');
        let (name, owner) = (words.next()?.to_owned(), words.next()?);
        let subnets = words.next().unwrap_or_default().split(' ');
        Some(Network {
            name,
            subnets: subnets.filter_map(Subnet::parse).collect(),
            is_own: owner == project,
        })
    };
    told.lines().filter_map(network).collect()
}

/// Reads the kernel's `/proc/net/route`: device and destination of every route but the default.
pub(crate) fn routes(text: &str) -> Vec<(String, Subnet)> {
    let route = |line: &str| {
        let words: Vec<_> = line.split_whitespace().collect();
        // As the bytes lie in memory: the last one of the address comes first.
        let address = |it: &str| u32::from_str_radix(it, 16).ok().map(u32::swap_bytes);
        let (first, mask) = (address(words.get(1)?)?, address(words.get(7)?)?);
        let subnet = format!("{}/{}", Ipv4Addr::from_bits(first), mask.leading_ones());
        let subnet = Subnet::parse(&subnet)?;
        (mask != 0).then(|| (words[0].to_owned(), subnet))
    };
    text.lines().skip(1).filter_map(route).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_are_read_as_the_kernel_writes_them() {
        let text = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                    eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                    eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
                    tun0\t0000E70A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n";
        let routes: Vec<_> = routes(text).iter().map(|it| format!("{} {}", it.0, it.1)).collect();
        assert_eq!(routes, ["eth0 192.168.1.0/24", "tun0 10.231.0.0/16"]);
    }
}
