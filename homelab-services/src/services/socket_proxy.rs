//! Filters in front of the Docker API, one for each consumer. The consumer's file says which calls
//! it makes.
//!
//! Only these filters mount the Docker socket. Mounting it with `:ro` would protect nothing.
//!
//! Upstream: <https://github.com/wollomatic/socket-proxy#readme>

use homelab_core::prelude::*;

use crate::images;

/// Where the filtered API is served; upstream's default.
pub(crate) const API: Port = Port::new(2375);

/// The requests that a consumer may make, as regular expressions over the path. Each is one group,
/// because the proxy anchors only the two ends of the whole expression.
pub(crate) struct Allow {
    pub(crate) get: &'static str,
    pub(crate) head: Option<&'static str>,
    pub(crate) post: Option<&'static str>,
    pub(crate) delete: Option<&'static str>,
}

/// Upstream's example stops it at 64 MB; what it works with is not said.
const MEMORY: MemoryRange = Memory::mib(64).up_to(Memory::mib(64));

/// Defines the filter of one consumer.
pub(crate) fn define(name: ServiceName, consumer: ServiceName, allow: &Allow) -> Service<Agent> {
    let mut service = Service::socket_proxy(name, images::SOCKET_PROXY)
        // The socket belongs to root and a group whose number differs from host to host.
        // Root without capabilities can open it and do nothing else.
        .user(User::Ids(0, 0))
        .env("SP_LISTENIP", "0.0.0.0")
        .env("SP_ALLOWFROM", consumer.as_str())
        .env("SP_ALLOWHEALTHCHECK", true)
        // The filter ends when the socket goes away, so that its restart finds the new one.
        .env("SP_WATCHDOGINTERVAL", 60)
        .env("SP_STOPONWATCHDOG", true)
        // Seconds, instead of 10: Caddy's connection for events never ends by itself, and without the
        // filter Caddy may drop all sites.
        .env("SP_SHUTDOWNGRACETIME", 1)
        .env("SP_ALLOW_GET", allow.get)
        .memory(MEMORY)
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
