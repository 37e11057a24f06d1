//! Nothing else uses the addresses of the house's networks.
//!
//! All bridges of the house have addresses of one range, which the site names. When a route of the
//! host leads to some of these addresses, the machines there and the containers cannot reach each
//! other. When another network of the engine has some of them, the house does not start. A route
//! that is wider than the network is only a warning: the house works, but machines at its addresses
//! are out of reach. The house does not use the engine's own pools, which are enough for about
//! thirty networks only.
//!
//! Fix: choose another range for `subnets` of the house's `Site`, run
//! `cargo xtask gen` and deploy; or remove the other network.

use homelab_core::dsl::subnet::Subnet;

use super::docker;
use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule =
    HostRule { id: "host-network", source: include_str!("network.rs"), run };

/// A network of the engine.
struct Network {
    name: String,
    subnets: Vec<Subnet>,
    is_own: bool,
}

fn run(context: &Context<'_>, findings: &mut Findings) {
    let file = context.project.file();
    let own: Vec<_> = file
        .networks
        .iter()
        // Those of a macvlan network are the household's, to which a route has to lead.
        .filter(|it| !it.1.is_macvlan())
        .flat_map(|(key, it)| it.subnets().filter_map(Subnet::parse).map(move |it| (key, it)))
        .collect();
    let networks = networks(&file.name);
    if networks.is_empty() {
        return;
    }
    let help = format!(
        "choose another range for `subnets` in `{}/src/site.rs`, then run `cargo xtask gen`",
        context.house.house.folder
    );
    for Network { name, subnets, .. } in networks.iter().filter(|it| !it.is_own) {
        let met =
            subnets.iter().find_map(|it| Some((it, own.iter().find(|own| own.1.overlaps(*it))?)));
        if let Some((subnet, (key, wanted))) = met {
            findings.error(
                name,
                format!(
                    "the network `{name}` has `{subnet}`, which overlaps `{wanted}` of the house's \
                     network `{key}`"
                ),
                format!("remove it by `docker network rm {name}`, or {help}"),
            );
        }
    }
    // The host also has a route for each of the engine's networks.
    let known: Vec<_> = networks.iter().flat_map(|it| &it.subnets).copied().collect();
    for (device, route) in context.house.host.routes() {
        let mut met = own.iter().filter(|it| it.1.overlaps(route) && !known.contains(&route));
        // A route that lies inside of a network takes addresses away from it, so it is the worse
        // case.
        let taken = met.clone().find(|it| it.1.holds(route));
        let Some((key, wanted)) = taken.or_else(|| met.next()) else { continue };
        let message = format!(
            "the route to `{route}` by `{device}` overlaps `{wanted}` of the house's network `{key}`"
        );
        if taken.is_some() {
            findings.error(&device, message, help.clone());
        } else {
            findings.warning(&device, message, help.clone());
        }
    }
}

/// Returns the engine's networks; none when the engine does not answer. `host-engine` reports that,
/// and then nobody can tell which routes are the engine's.
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
