//! Decides which networks there are and who is on them; services reach each other only when one
//! declares it.
//!
//! Whoever has another one's network is where that one is, so networks are made for that one.
//!
//! Two services of which one uses the other get an internal network for the two alone, unless both
//! were put on one by name. A service that needs the internet is on the one network that leads
//! there, whose members cannot reach each other.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::{IndexMap, IndexSet};

use super::{mode, reference};
use crate::compose::{AddressRange, Ipam, Network, bridge, macvlan};
use crate::dsl::name::ServiceName;
use crate::dsl::resource::Macvlan;
use crate::dsl::service::{RoleKind, Spec};
use crate::dsl::stack::{Site, Stack};
use crate::dsl::subnet::Subnet;

/// Prefix length of a network that several services share: it has room for 253 of them.
const SHARED: u32 = 24;

/// Prefix length of a network of one or two services: it has room for five.
const SMALL: u32 = 29;

/// The networks that follow from what services declare, besides those of the site.
pub(super) struct Networks<'a> {
    site: &'a Site,
    /// The two members of each network, and whether it serves a route, by key. The map is sorted,
    /// so that the order of declarations does not matter.
    pairs: BTreeMap<String, ([ServiceName; 2], bool)>,
    /// The keys of the pairs of each service.
    pairs_of: BTreeMap<ServiceName, BTreeSet<String>>,
    /// Services that publish ports and need a network of their own for it.
    publishers: BTreeSet<ServiceName>,
}

impl<'a> Networks<'a> {
    pub(super) fn of(stack: &'a Stack) -> Self {
        let specs = &stack.services;
        let publishers = specs.iter().filter(|it| needs_ports(stack, it));
        let publishers = publishers.map(|it| it.name).collect();
        let mut networks = Self {
            site: &stack.site,
            pairs: BTreeMap::new(),
            pairs_of: BTreeMap::new(),
            publishers,
        };
        let by_name: BTreeMap<_, _> = specs.iter().map(|it| (it.name, it)).collect();
        // Who has the host's network is on none.
        let owner = |it: &Spec| by_name.get(&it.owner()).copied().filter(|it| !it.is_on_host());
        for edge in specs.iter().filter(|it| it.role == RoleKind::Edge) {
            for app in specs.iter().filter(|it| !it.routes.is_empty()).filter_map(owner) {
                networks.connect(edge, app, true);
            }
        }
        for spec in specs {
            let Some(from) = owner(spec) else { continue };
            let peers = spec.peers.iter().filter_map(|it| by_name.get(it));
            for to in peers.filter_map(|it| owner(it)) {
                if !from.networks.iter().any(|it| to.networks.contains(it)) {
                    networks.connect(from, to, false);
                }
            }
        }
        networks
    }

    fn connect(&mut self, from: &Spec, to: &Spec, is_route: bool) {
        // Names have no dot, so a key belongs to one pair only, and to no network of the site.
        let key = |from: &Spec, to: &Spec| format!("{}.{}", from.name, to.name);
        if from.name == to.name || self.pairs.contains_key(&key(to, from)) {
            return;
        }
        let key = key(from, to);
        for end in [from.name, to.name] {
            self.pairs_of.entry(end).or_default().insert(key.clone());
        }
        self.pairs.entry(key).or_insert(([from.name, to.name], is_route));
    }

    /// Returns the keys of the networks of a service.
    pub(super) fn on(&self, spec: &Spec) -> Vec<String> {
        if spec.network.is_some() {
            return Vec::new();
        }
        let mut keys = IndexSet::new();
        if spec.role == RoleKind::Edge {
            keys.extend(self.site.proxy.map(|it| it.network().name().to_owned()));
        }
        let mut named = spec.networks.clone();
        named.sort_by_key(|it| self.site.networks.iter().position(|other| other == it));
        keys.extend(named.iter().map(|it| it.name().to_owned()));
        // With two ways out, the engine would choose one by the networks' names.
        if spec.egress.is_some() && !spec.is_in_lan() {
            keys.insert(self.site.egress.name().to_owned());
        }
        keys.extend(self.publishers.get(&spec.name).map(|it| ports(*it)));
        keys.extend(self.pairs_of.get(&spec.name).into_iter().flatten().cloned());
        keys.into_iter().collect()
    }

    /// Returns the keys of the networks on which a proxy serves routes.
    pub(super) fn served_by(&self, edge: &Spec) -> impl Iterator<Item = &str> {
        let pairs = self.pairs.iter().filter(|it| it.1.1 && it.1.0.contains(&edge.name));
        pairs.map(|it| it.0.as_str())
    }

    /// Makes all networks for the file, those of the site first.
    pub(super) fn into_file(self) -> IndexMap<String, Network> {
        let site = self.site;
        let publishers: Vec<_> = self.publishers.iter().map(|it| ports(*it)).collect();
        let made = || self.pairs.keys().chain(&publishers).map(String::as_str);
        let (shared, small) = site.subnets.halves();
        let own = site.networks.iter().filter(|it| it.place().is_none());
        let mut subnets = shared.assign(SHARED, own.map(|it| it.name()));
        subnets.extend(small.assign(SMALL, made()));

        let network = |key: &str, internal: bool, option: Option<(&str, &str)>| {
            let option = if internal { Some((bridge::NO_HOST_ADDRESS, "true")) } else { option };
            let range = |it: &Subnet| AddressRange::of(it.to_string());
            let network = Network {
                name: Some(site.real_name(key)),
                driver: None,
                internal,
                driver_opts: option.into_iter().map(|it| (it.0.into(), it.1.into())).collect(),
                ipam: subnets.get(key).map(|it| Ipam { config: vec![range(it)] }),
            };
            (key.to_owned(), network)
        };
        let named = site.networks.iter().map(|declared| {
            if let Some(place) = declared.place() {
                let name = declared.name();
                return (name.to_owned(), in_lan(site.real_name(name), &place));
            }
            let is_egress = *declared == site.egress;
            let alone = is_egress.then_some((bridge::MEMBERS_CONNECT, "false"));
            network(declared.name(), declared.is_internal(), alone)
        });
        let pairs = self.pairs.keys().map(|it| network(it, true, None));
        let unmasked = Some((bridge::MASQUERADE, "false"));
        let publishers = publishers.iter().map(|it| network(it, false, unmasked));
        named.chain(pairs).chain(publishers).collect()
    }
}

/// Makes a macvlan network.
fn in_lan(name: String, place: &Macvlan) -> Network {
    let Macvlan { parent, subnet, gateway } = place;
    let gateway = Some(reference(gateway));
    let range = AddressRange { gateway, ..AddressRange::of(reference(subnet)) };
    Network {
        name: Some(name),
        driver: Some(macvlan::DRIVER.to_owned()),
        internal: false,
        driver_opts: IndexMap::from([(macvlan::PARENT.to_owned(), reference(parent))]),
        ipam: Some(Ipam { config: vec![range] }),
    }
}

/// Whether a service publishes a port but is on no network over which the port can be reached.
fn needs_ports(stack: &Stack, spec: &Spec) -> bool {
    let has_open = spec.networks.iter().any(|it| !it.is_internal());
    let is_carried = spec.role == RoleKind::Edge || spec.egress.is_some() || has_open;
    mode::publishes(stack, spec).next().is_some() && !is_carried
}

/// Returns the key of a publisher's own network; no other key has an underscore.
fn ports(publisher: ServiceName) -> String {
    format!("ports_{publisher}")
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{BACKEND, IMAGE, good, good_in_lan, spec};
    use crate::compose::{File, bridge};
    use crate::lower::lower;
    use crate::prelude::*;

    const WEB: Port = Port::new(8080);
    const PROBE: Health = Health::command(&["CMD", "probe"]);

    fn app(name: &'static str) -> Service<App> {
        Service::app(ServiceName::new(name), IMAGE, PROBE)
    }

    fn on<'a>(file: &'a File, service: &str) -> Vec<&'a str> {
        file.services[service].networks.iter().map(|it| &*it.key).collect()
    }

    #[test]
    fn each_reason_brings_its_network() {
        let mut stack = good();
        let db = stack.add(Service::data(ServiceName::new("cache"), IMAGE, PROBE));
        stack.add(app("shop").route(Route::host("shop", WEB)).egress("buys").uses(&db).on(BACKEND));
        stack.add(app("radio").publish(Publish::everywhere(WEB, "listeners")));
        stack.add(app("phone").publish(Publish::everywhere(WEB, "calls")).egress("calls"));
        let file = lower(&stack);
        assert_eq!(on(&file, "shop"), ["backend", "egress", "caddy.shop", "shop.cache"]);
        assert_eq!(on(&file, "cache"), ["shop.cache"]);
        assert_eq!(on(&file, "radio"), ["ports_radio"]);
        assert_eq!(on(&file, "phone"), ["egress"]);
        // Both were put on one by name, so they need no other.
        assert_eq!(on(&file, "web"), ["backend", "caddy.web"]);
        assert_eq!(on(&file, "caddy"), ["proxy", "caddy.shop", "caddy.socket", "caddy.web"]);

        let options = |key: &str| file.networks[key].driver_opts.clone().into_iter().collect();
        let option = |key: &str, value: &str| vec![(key.to_owned(), value.to_owned())];
        let of = |key: &str| -> (bool, Vec<_>) { (file.networks[key].internal, options(key)) };
        assert_eq!(of("proxy"), (false, Vec::new()));
        assert_eq!(of("egress"), (false, option(bridge::MEMBERS_CONNECT, "false")));
        assert_eq!(of("ports_radio"), (false, option(bridge::MASQUERADE, "false")));
        for closed in ["backend", "caddy.web", "shop.cache"] {
            assert_eq!(of(closed), (true, option(bridge::NO_HOST_ADDRESS, "true")));
        }
    }

    #[test]
    fn the_order_of_calls_decides_nothing() {
        let files = [false, true].map(|backwards| {
            let mut stack = good();
            let db = stack.add(Service::data(ServiceName::new("cache"), IMAGE, PROBE).on(BACKEND));
            let queue = stack.add(Service::data(ServiceName::new("queue"), IMAGE, PROBE));
            let store = stack.add(Service::data(ServiceName::new("store"), IMAGE, PROBE));
            let (shop, route) = (app("shop"), Route::host("shop", WEB));
            stack.add(if backwards {
                shop.on(BACKEND).knows(&store).uses(&queue).egress("buys").uses(&db).route(route)
            } else {
                shop.route(route).uses(&db).egress("buys").uses(&queue).knows(&store).on(BACKEND)
            });
            lower(&stack)
        });
        let [forwards, backwards] = &files;
        assert_eq!(forwards.networks, backwards.networks);
        for name in forwards.services.keys() {
            assert_eq!(on(forwards, name), on(backwards, name), "{name}");
        }
    }

    #[test]
    fn the_proxy_is_told_where_it_serves_whoever_comes_after_it() {
        let mut stack = good();
        spec(&mut stack, "caddy").ingress_env = Some("NETWORKS");
        stack.add(app("shop").route(Route::host("shop", WEB)));
        let file = lower(&stack);
        let told = &file.services["caddy"].environment["NETWORKS"];
        assert_eq!(told, "house_caddy.shop,house_caddy.web");
    }

    #[test]
    fn a_machine_of_the_households_network_gets_out_by_it_alone() {
        let mut stack = good_in_lan();
        spec(&mut stack, "fetch").routes.push(Route::host("fetch", WEB));
        let file = lower(&stack);
        let written = serde_yaml::to_string(&file.services["fetch"]).expect("plain data");
        let networks = written.lines().skip_while(|it| *it != "networks:").take(4);
        insta::assert_snapshot!(networks.collect::<Vec<_>>().join("\n"), @r"
        networks:
          lan:
            ipv4_address: ${LAN_ADDRESS:-192.168.1.53}
          caddy.fetch: {}
        ");
        insta::assert_snapshot!(serde_yaml::to_string(&file.networks["lan"]).expect("plain data"), @r"
        name: house_lan
        driver: macvlan
        driver_opts:
          parent: ${LAN_PARENT:-eth0}
        ipam:
          config:
          - subnet: ${LAN_SUBNET:-192.168.1.0/24}
            gateway: ${LAN_GATEWAY:-192.168.1.1}
        ");
        assert!(file.networks["lan"].leads_out() && !file.networks["lan"].has_host());
    }

    #[test]
    fn who_is_on_several_networks_is_no_router() {
        let file = lower(&good());
        for (name, service) in &file.services {
            let forwarding =
                service.sysctls.get(crate::dsl::service::FORWARDING).map(String::as_str);
            let expected = (service.networks.len() > 1).then_some("0");
            assert_eq!(forwarding, expected, "{name}");
        }
    }

    #[test]
    fn forty_five_routed_services_have_addresses_of_their_own_and_keep_them() {
        const NAMES: [&str; 45] = [
            "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q",
            "r", "s", "t", "u", "v", "w", "x", "y", "z", "aa", "bb", "cc", "dd", "ee", "ff", "gg",
            "hh", "ii", "jj", "kk", "ll", "mm", "nn", "oo", "pp", "qq", "rr", "ss",
        ];
        let house = |names: &mut dyn Iterator<Item = &'static str>| {
            let mut stack = good();
            let db = stack.add(Service::data(ServiceName::new("cache"), IMAGE, PROBE));
            for name in names {
                stack.add(app(name).route(Route::host(name, WEB)).uses(&db));
            }
            lower(&stack)
        };
        let subnets = |file: &File| -> Vec<_> {
            let network = |(key, it): (&String, &crate::compose::Network)| {
                let subnet = it.subnets().next().and_then(Subnet::parse);
                (key.clone(), subnet.expect("every network has addresses"))
            };
            file.networks.iter().map(network).collect()
        };
        let all = subnets(&house(&mut NAMES.into_iter()));
        assert!(all.len() > 2 * NAMES.len());
        for (at, (key, one)) in all.iter().enumerate() {
            for (other_key, other) in &all[at + 1..] {
                assert!(!one.overlaps(*other), "{key} {one}, {other_key} {other}");
            }
        }
        // Whoever goes, nearly everybody else stays where they are: hashes that meet are rare.
        for gone in NAMES {
            let rest = subnets(&house(&mut NAMES.into_iter().filter(|it| *it != gone)));
            let moved = rest.iter().filter(|it| !all.contains(it)).count();
            assert!(moved <= 1, "{moved} networks move without `{gone}`");
        }
    }
}
