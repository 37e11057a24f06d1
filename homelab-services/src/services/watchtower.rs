//! Watchtower: replaces the services that `.env` lets follow their tag when that moves.
//!
//! An image that is pinned by digest never changes, so Watchtower cannot replace other services
//! even by mistake. While no switch is on, it has nothing to do. A version tag such as Homer's
//! moves only when that release is built anew, for example on a repaired base image. A new version
//! comes by a pull request.
//!
//! Upstream: <https://watchtower.nickfedor.com/>

use homelab_core::prelude::*;

use crate::services::socket_proxy::{self, Allow};
use crate::{env, images, profiles};

/// The name of the service, and of the only client that its socket proxy answers.
const NAME: ServiceName = ServiceName::new("watchtower");

/// The image's check only tells that the process runs.
const HEALTH: Health = Health::from_image().starts_within(Duration::from_secs(10));

/// The requests that pull an image and replace a container. A service that may create containers is
/// root on the host. Every updater needs that, so the profile is off by default. The proxy reads
/// the bodies of requests that create or update a container and refuses binds of paths that the
/// updated services do not have. It checks nothing else: neither privileges nor what a volume's
/// driver mounts, and before Docker Engine 27 no bind outside `HostConfig` (`bindmount.go` at
/// 1.13.1; `runconfig/config.go` of the engine at 26.1.4 and 27.0.1). The list of requests is
/// inferred from the fork's source, not tested against a registry.
pub(crate) fn socket_proxy() -> Service<Agent> {
    const FILTER: ServiceName = ServiceName::new("socket-proxy-watchtower");
    const ALLOW: Allow = Allow {
        get: r"(/v1\.[0-9]+)?/(_ping|version|info|containers/json|containers/[a-zA-Z0-9_.-]+/json|images/.+/json)",
        head: Some("/_ping"),
        post: Some(
            // In older versions of the API, which engines before 25 speak, `start` also takes
            // binds, and the proxy does not read its body.
            r"(/v1\.(2[4-9]|[3-9][0-9]))?/(images/create|containers/create|containers/[a-zA-Z0-9_.-]+/(stop|start|rename|update)|networks/[a-zA-Z0-9_.-]+/connect)",
        ),
        delete: Some(r"(/v1\.[0-9]+)?/(containers/[a-zA-Z0-9_.-]+|images/.+)"),
    };
    socket_proxy::define(FILTER, NAME, &ALLOW)
        .profile(profiles::WATCHTOWER)
        .creates_containers("SP_ALLOWBINDMOUNTFROM")
}

/// Nobody has published a figure, so the limit counts in full.
const MEMORY: MemoryRange = Memory::mib(128).up_to(Memory::mib(128));

pub(crate) fn define(docker: &Handle<Agent>) -> Service<Agent> {
    Service::agent(NAME, images::WATCHTOWER, HEALTH)
        .profile(profiles::WATCHTOWER)
        .uses(docker)
        .egress("asks the registries for newer images")
        .env("DOCKER_HOST", docker.url("tcp", socket_proxy::API))
        .env("TZ", env::TZ)
        .env("WATCHTOWER_LABEL_ENABLE", true)
        .env("WATCHTOWER_CLEANUP", true)
        // Six fields, seconds first: every day at 04:00, after the dump of the database.
        .env("WATCHTOWER_SCHEDULE", "0 0 4 * * *")
        .memory(MEMORY)
}
