//! Netdata: metrics of the host and its containers.
//!
//! It shows alarms in its panel and tells nobody, until `health_alarm_notify.conf` in its
//! configuration names whom; it has no way out, so that takes `.egress(…)` as well.
//!
//! Upstream: <https://learn.netdata.cloud/docs/netdata-agent/installation/docker>

use homelab_core::prelude::*;

use crate::services::socket_proxy::{self, Allow};
use crate::{env, groups, images, profiles};

/// The name of the service, and of the only client that its socket proxy answers.
const NAME: ServiceName = ServiceName::new("netdata");

/// Upstream's default.
const PANEL: Port = Port::new(19_999);

const CONFIG: Mount<Stateless> =
    Volume::scratch("netdata-config", "the image's defaults; ours are in the environment")
        .at("/etc/netdata");
const HISTORY: Mount<Stateless> =
    Volume::scratch("netdata-lib", "its identity and alarm log; made again").at("/var/lib/netdata");
const CACHE: Mount<Stateless> =
    Volume::scratch("netdata-cache", "past metrics, which nobody restores")
        .at("/var/cache/netdata");

/// What it reads of the host. Upstream also wants `/`, but that holds the Docker socket. Without it
/// Netdata sees only its own mounts, and charts of each disk the one with the shortest path on that
/// disk, if that is a folder: the space of the disk that holds Docker's volumes, and none at all where
/// `/etc` is on that disk, because `/etc/group` is the shortest. Of another disk it would chart a
/// folder that it may write to, which it need not have (`plugin_diskspace.c` and
/// `proc_self_mountinfo.c` of v2.11.0). TCP, UDP and connection tracking are the container's own. From
/// `/etc/hostname` it has its name, which would change with each container.
const HOST: [Mount<Stateless>; 6] = [
    Bind::host_read_only("/proc").at("/host/proc"),
    Bind::host_read_only("/sys").at("/host/sys"),
    Bind::host_read_only("/etc/hostname").at("/host/etc/hostname"),
    Bind::host_read_only("/etc/os-release").at("/host/etc/os-release"),
    Bind::host_read_only("/etc/passwd").at("/host/etc/passwd"),
    Bind::host_read_only("/etc/group").at("/host/etc/group"),
];

/// The image's check, twice as often.
const HEALTH: Health =
    Health::from_image().every(Duration::from_secs(30)).starts_within(Duration::from_mins(1));

/// 250 to 350 MB are typical by upstream's sizing page; its collectors and models take more.
const MEMORY: MemoryRange = Memory::mib(350).up_to(Memory::mib(512));

/// The request to Docker by which it learns the names of containers for its charts.
pub(crate) fn socket_proxy() -> Service<Agent> {
    const FILTER: ServiceName = ServiceName::new("socket-proxy-netdata");
    const ALLOW: Allow = Allow {
        get: r"(/v1\.[0-9]+)?/(_ping|version|info|images/json|containers/json|containers/[a-zA-Z0-9_.-]+/json)",
        head: Some("/_ping"),
        post: None,
        delete: None,
    };
    socket_proxy::define(FILTER, NAME, &ALLOW).profile(profiles::MONITORING)
}

pub(crate) fn define(docker: &Handle<Agent>) -> Service<App> {
    let service = Service::app(NAME, images::NETDATA, HEALTH)
        .profile(profiles::MONITORING)
        .uses(docker)
        .route(Route::host("metrics", PANEL).login(Login::Proxy))
        .tile(Tile::new("Netdata", groups::SYSTEM).icon("fas fa-chart-line").subtitle("Metrics"))
        .env("TZ", env::TZ)
        // The address has no scheme, because all versions of its scripts understand that form.
        .env("DOCKER_HOST", docker.host().and(":").and(socket_proxy::API))
        .env("DISABLE_TELEMETRY", 1)
        .mount(CONFIG)
        .mount(HISTORY)
        .mount(CACHE)
        .tmpfs(Tmpfs::at("/tmp"))
        .tmpfs(Tmpfs::at("/run/netdata").owned_by(User::Ids(201, 201)).options("mode=0770"))
        .host_pid("it measures the host's processes")
        .capability(Capability::DacOverride, "its entry point writes to folders of uid 201")
        .capability(Capability::Setgid, "it becomes uid 201")
        .capability(Capability::Setuid, "it becomes uid 201; without it, it stays root")
        .memory(MEMORY)
        .pids(512)
        .stops_within(Duration::from_secs(30));
    HOST.into_iter().fold(service, Service::mount)
}
