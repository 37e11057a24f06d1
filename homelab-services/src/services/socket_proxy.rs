//! Filters in front of the Docker API: one for each consumer, with that consumer's calls only.
//!
//! They alone mount the Docker socket. `:ro` on the socket would protect nothing.
//!
//! Upstream: <https://github.com/wollomatic/socket-proxy#readme>

use homelab_core::prelude::*;

use crate::services::{caddy, netdata, watchtower};
use crate::{images, profiles};

/// Where the filtered API is served; upstream's default.
pub(crate) const API: Port = Port::new(2375);

/// What a consumer may ask, as regular expressions over the path; anchored by the proxy.
/// Each is one group, because the proxy anchors only the ends of the whole expression.
struct Allow {
    get: &'static str,
    head: Option<&'static str>,
    post: Option<&'static str>,
    delete: Option<&'static str>,
}

/// Ping, events, and the lists from which it learns labels and addresses.
pub(crate) fn for_caddy() -> Service<Agent> {
    const NAME: ServiceName = ServiceName::new("socket-proxy-caddy");
    const ALLOW: Allow = Allow {
        get: r"(/v1\.[0-9]+)?/(_ping|version|info|events|containers/json|networks)",
        head: Some("/_ping"),
        post: None,
        delete: None,
    };
    define(NAME, caddy::NAME, &ALLOW)
}

/// Names of containers for its charts.
pub(crate) fn for_netdata() -> Service<Agent> {
    const NAME: ServiceName = ServiceName::new("socket-proxy-netdata");
    const ALLOW: Allow = Allow {
        get: r"(/v1\.[0-9]+)?/(_ping|version|info|images/json|containers/json|containers/[a-zA-Z0-9_.-]+/json)",
        head: Some("/_ping"),
        post: None,
        delete: None,
    };
    define(NAME, netdata::NAME, &ALLOW).profile(profiles::MONITORING)
}

/// Pull an image and replace a container. Whoever may create containers is root on the host:
/// that is what an updater is, and why its profile is off by default. The proxy reads the bodies
/// that create and update a container, refuses a bind of any other path than the updated services
/// have, and sees nothing else: neither privileges nor what a volume's driver mounts, and before
/// Docker Engine 27 no bind beside `HostConfig` (`bindmount.go` at 1.13.1; `runconfig/config.go` of
/// the engine at 26.1.4 and 27.0.1).
/// The set is inferred from the fork's source, not tested against a registry.
pub(crate) fn for_watchtower() -> Service<Agent> {
    const NAME: ServiceName = ServiceName::new("socket-proxy-watchtower");
    const ALLOW: Allow = Allow {
        get: r"(/v1\.[0-9]+)?/(_ping|version|info|containers/json|containers/[a-zA-Z0-9_.-]+/json|images/.+/json)",
        head: Some("/_ping"),
        post: Some(
            // With older versions of the API, which engines before 25 speak, `start` takes binds,
            // too, and the proxy does not read it.
            r"(/v1\.(2[4-9]|[3-9][0-9]))?/(images/create|containers/create|containers/[a-zA-Z0-9_.-]+/(stop|start|rename|update)|networks/[a-zA-Z0-9_.-]+/connect)",
        ),
        delete: Some(r"(/v1\.[0-9]+)?/(containers/[a-zA-Z0-9_.-]+|images/.+)"),
    };
    define(NAME, watchtower::NAME, &ALLOW)
        .profile(profiles::WATCHTOWER)
        .creates_containers("SP_ALLOWBINDMOUNTFROM")
}

fn define(name: ServiceName, consumer: ServiceName, allow: &Allow) -> Service<Agent> {
    let mut service = Service::socket_proxy(name, images::SOCKET_PROXY)
        .contract(&CONTRACT)
        // The socket belongs to root and a group whose number differs from host to host.
        // Root without capabilities can open it and do nothing else.
        .user(User::Ids(0, 0))
        .env("SP_LISTENIP", "0.0.0.0")
        .env("SP_ALLOWFROM", consumer.as_str())
        .env("SP_ALLOWHEALTHCHECK", true)
        // Ends when the socket goes away, so that the restart finds the new one.
        .env("SP_WATCHDOGINTERVAL", 60)
        .env("SP_STOPONWATCHDOG", true)
        .env("SP_ALLOW_GET", allow.get)
        .memory(Memory::mib(64))
        .pids(64)
        .cpus(Cpus::milli(500));
    let others = [
        ("SP_ALLOW_HEAD", allow.head),
        ("SP_ALLOW_POST", allow.post),
        ("SP_ALLOW_DELETE", allow.delete),
    ];
    for (key, pattern) in others {
        if let Some(pattern) = pattern {
            service = service.env(key, pattern);
        }
    }
    service
}

/// Facts: README and `Dockerfile` at 41d9f30. The health check has to be switched on.
const CONTRACT: Contract = Contract {
    repository: "wollomatic/socket-proxy",
    source: "https://github.com/wollomatic/socket-proxy",
    user: 65_534,
    ports: &[API],
    data: &[],
    writes: &[],
    read_only: ReadOnly::Works,
    ships_health: false,
    requires: &["SP_ALLOW_GET"],
    secrets: &[],
    misspelt: &[],
    panel: None,
    egress: Egress::None,
    peers: &[],
    end_of_life: None,
    one_way: None,
};
