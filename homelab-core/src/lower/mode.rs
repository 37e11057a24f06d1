//! Services in the network of the host or of another service, and what the other one does for them.

use indexmap::IndexMap;

use super::text;
use crate::dsl::route::Publish;
use crate::dsl::service::{HOST_GATEWAY, NetworkMode, RoleKind, Spec};
use crate::dsl::stack::Stack;

/// Returns a service and those that have its network; none where it has no network of its own.
fn crew<'a>(stack: &'a Stack, owner: &'a Spec) -> impl Iterator<Item = &'a Spec> {
    let passengers = stack.services.iter().filter(|it| it.name != owner.name);
    let passengers = passengers.filter(|it| it.owner() == owner.name);
    std::iter::once(owner).chain(passengers).filter(|_| owner.network.is_none())
}

/// Returns the ports that a service publishes: its own, and those of services that have its network.
pub(super) fn publishes<'a>(stack: &'a Stack, spec: &'a Spec) -> impl Iterator<Item = &'a Publish> {
    crew(stack, spec).flat_map(|it| &it.publishes)
}

/// Returns the names that a service has to find besides those of its networks. Who has another one's
/// network finds what that one does.
pub(super) fn extra_hosts(stack: &Stack, spec: &Spec) -> IndexMap<String, String> {
    let mut hosts = IndexMap::new();
    let on_host: Vec<_> = stack.services.iter().filter(|it| it.is_on_host()).collect();
    for member in crew(stack, spec).chain(spec.is_on_host().then_some(spec)) {
        let routes =
            member.role == RoleKind::Edge && on_host.iter().any(|it| !it.routes.is_empty());
        if routes || on_host.iter().any(|it| member.peers.contains(&it.name)) {
            hosts.insert(HOST_GATEWAY.to_owned(), "host-gateway".to_owned());
        }
        hosts.extend(member.extra_hosts.iter().map(|(name, it)| ((*name).to_owned(), text(it))));
    }
    hosts
}

/// Returns where a service is instead of on networks. Without any it would be on Compose's `default`,
/// which leads out.
pub(super) fn mode(spec: &Spec, networks: &[String]) -> Option<String> {
    match spec.network {
        Some(NetworkMode::Host) => Some("host".to_owned()),
        Some(NetworkMode::Service(owner)) => Some(format!("service:{owner}")),
        None => networks.is_empty().then(|| "none".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{IMAGE, good};
    use crate::compose::File;
    use crate::lower::lower;
    use crate::prelude::*;

    const PROBE: Health = Health::command(&["CMD", "probe"]);
    const WEB: Port = Port::new(8080);

    fn app(name: &'static str) -> Service<App> {
        Service::app(ServiceName::new(name), IMAGE, PROBE)
    }

    fn on<'a>(file: &'a File, service: &str) -> Vec<&'a str> {
        file.services[service].networks.iter().map(|it| &*it.key).collect()
    }

    #[test]
    fn a_passenger_is_where_its_owner_is_and_nowhere_else() {
        let mut stack = good();
        let vpn = stack.add(app("vpn").egress("it is the way out"));
        let db = stack.add(Service::data(ServiceName::new("cache"), IMAGE, PROBE));
        let published = Publish::everywhere(Port::udp(6881), "peers");
        let rider = app("rider").through(&vpn).route(Route::host("torrents", WEB)).uses(&db);
        let rider = stack.add(rider.publish(published).extra_host("nas", "192.168.1.2"));
        let second = stack.add(app("second").through(&rider));
        assert_eq!(second.host(), Text::literal("vpn"));
        stack.add(app("indexer").uses(&rider).env("CLIENT", rider.url("http", WEB)));
        let file = lower(&stack);

        assert_eq!(on(&file, "vpn"), ["egress", "caddy.vpn", "indexer.vpn", "vpn.cache"]);
        for name in ["rider", "second"] {
            let service = &file.services[name];
            assert_eq!(service.network_mode.as_deref(), Some("service:vpn"));
            assert!(service.networks.is_empty() && service.ports.is_empty(), "{name}");
            assert!(service.extra_hosts.is_empty() && service.sysctls.is_empty(), "{name}");
        }
        let rider = &file.services["rider"];
        assert_eq!(rider.labels["caddy.reverse_proxy"], "vpn:8080");
        assert!(rider.depends_on["vpn"].restart && !rider.depends_on["cache"].restart);
        let vpn = &file.services["vpn"];
        assert_eq!((vpn.ports.len(), vpn.ports[0].target), (1, 6881));
        assert_eq!(vpn.extra_hosts["nas"], "192.168.1.2");
        assert_eq!(file.services["indexer"].environment["CLIENT"], "http://vpn:8080");
    }

    #[test]
    fn who_has_the_hosts_network_is_found_at_the_host() {
        let mut stack = good();
        let hub = app("hub").host_network("it looks for devices");
        let hub = stack.add(hub.route(Route::host("hub", WEB)));
        stack.add(app("probe").egress("asks the hub").uses(&hub).env("HUB", hub.host()));
        let file = lower(&stack);
        let service = &file.services["hub"];
        assert_eq!(service.network_mode.as_deref(), Some("host"));
        assert!(service.networks.is_empty() && service.sysctls.is_empty());
        assert_eq!(service.labels["caddy.reverse_proxy"], "host.docker.internal:8080");
        assert_eq!(service.labels["homelab.accepts.network_mode.host"], "it looks for devices");
        for name in ["caddy", "probe"] {
            let told = &file.services[name].extra_hosts;
            assert_eq!(told["host.docker.internal"], "host-gateway", "{name}");
        }
        assert_eq!(on(&file, "probe"), ["egress"]);
        assert!(file.services["web"].extra_hosts.is_empty());
    }

    #[test]
    fn who_has_no_reason_for_a_network_has_none() {
        let mut stack = good();
        stack.add(app("hermit"));
        let file = lower(&stack);
        assert_eq!(file.services["hermit"].network_mode.as_deref(), Some("none"));
        let others = file.services.iter().filter(|it| it.0 != "hermit");
        assert_eq!(others.filter(|it| it.1.network_mode.is_some()).count(), 0);
    }
}
