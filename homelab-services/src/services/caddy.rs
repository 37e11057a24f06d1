//! Caddy: the reverse proxy, which finds its sites in the labels of the other services.
//!
//! Upstream: <https://github.com/lucaslorentz/caddy-docker-proxy#readme>

use homelab_core::prelude::*;

use crate::images;
use crate::services::socket_proxy::{self, Allow};

/// The name of the service, and of the only client that its socket proxy answers.
const NAME: ServiceName = ServiceName::new("caddy");

const HTTP: Port = Port::new(80);
const HTTPS: Port = Port::new(443);
const HTTP3: Port = Port::udp(443);

/// Certificates and the local authority. If it is lost, every device has to trust a new root
/// certificate.
const DATA: Mount<Precious> = Volume::precious("caddy-data", Backup::Offsite).at("/data");

const CONFIG: Mount<Stateless> =
    Volume::scratch("caddy-config", "the autosaved Caddyfile is rebuilt from the labels")
        .at("/config");

/// User and bcrypt hash that guard every panel without accounts of its own. Caddy's admin API,
/// inside the container, and its autosaved JSON in `/config`, 0600, show the hash; its log does not.
const LOGIN: Secret = Secret::proxy_login("caddy-login");

/// The admin API answers only inside the container; the image has BusyBox.
const HEALTH: Health =
    Health::command(&["CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:2019/config/"])
        .every(Duration::from_secs(30))
        .within(Duration::from_secs(5))
        .starts_within(Duration::from_secs(20));

/// Upstream reserves 200 MB for it (`examples/standalone.yaml`) and names no limit.
const MEMORY: MemoryRange = Memory::mib(200).up_to(Memory::mib(256));

const BECAUSE: &str = "the way in for every browser of the house";

/// The requests that it makes to Docker: ping, events, and the lists with labels and addresses.
pub(crate) fn socket_proxy() -> Service<Agent> {
    const FILTER: ServiceName = ServiceName::new("socket-proxy-caddy");
    const ALLOW: Allow = Allow {
        get: r"(/v1\.[0-9]+)?/(_ping|version|info|events|containers/json|networks)",
        head: Some("/_ping"),
        post: None,
        delete: None,
    };
    socket_proxy::define(FILTER, NAME, &ALLOW)
}

pub(crate) fn define(docker: &Handle<Agent>) -> Service<Edge, Precious> {
    Service::edge(NAME, images::CADDY, HEALTH)
        .uses(docker)
        .env("DOCKER_HOST", docker.url("tcp", socket_proxy::API))
        .ingress_env("CADDY_INGRESS_NETWORKS")
        .guards_with(LOGIN)
        .publish(Publish::everywhere(HTTP, BECAUSE))
        .publish(Publish::everywhere(HTTPS, BECAUSE))
        .publish(Publish::everywhere(HTTP3, BECAUSE))
        .mount(DATA)
        .mount(CONFIG)
        .capability(Capability::NetBindService, "ports below 1024, also on engines that guard them")
        .memory(MEMORY)
}
