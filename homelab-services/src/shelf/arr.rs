//! Sonarr, Radarr and Prowlarr: they find series and films, on one tree of folders.
//!
//! Upstream: <https://docs.linuxserver.io/images/docker-sonarr/>. No figures for memory are published:
//! needs and limits are estimates.

use homelab_core::prelude::*;

/// What the household decides.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// `lscr.io/linuxserver/sonarr`.
    pub sonarr: Image,
    /// `lscr.io/linuxserver/radarr`.
    pub radarr: Image,
    /// `lscr.io/linuxserver/prowlarr`.
    pub prowlarr: Image,
    /// The folder of the host that holds downloads and the library, so that a finished download is
    /// linked into the library instead of copied.
    pub tree: EnvVar,
    /// User and group who own that folder.
    pub owner: User,
}

/// The group.
#[derive(Clone, Debug)]
pub struct Arr {
    /// Series.
    pub sonarr: Handle<App>,
    /// Films.
    pub radarr: Handle<App>,
    /// Where both search.
    pub prowlarr: Handle<App>,
}

const SONARR: Port = Port::new(8989);
const RADARR: Port = Port::new(7878);
const PROWLARR: Port = Port::new(9696);

const SHARED: &str =
    "a finished download is linked into the library: only one mount has hard links";

const BY_API: &str = "it writes its indexers there by an interface that asks for a key";

/// Adds the group, at `https://series.<domain>`, `https://films.<domain>` and
/// `https://indexers.<domain>`, each behind the proxy's login.
#[track_caller]
pub fn add(stack: &mut Stack, settings: Settings) -> Arr {
    let tree = Bind::env(&settings.tree, Backup::Offsite).shared(SHARED).at("/data");
    let sonarr = service("sonarr", settings.sonarr, "series", SONARR, &settings)
        .mount(Volume::precious("sonarr", Backup::Offsite).at("/config"))
        .sqlite("/config/sonarr.db")
        .mount(tree)
        .accept("guarded-panel", "prowlarr", BY_API);
    let radarr = service("radarr", settings.radarr, "films", RADARR, &settings)
        .mount(Volume::precious("radarr", Backup::Offsite).at("/config"))
        .sqlite("/config/radarr.db")
        .mount(tree)
        .accept("guarded-panel", "prowlarr", BY_API);
    let (sonarr, radarr) = (stack.add(sonarr), stack.add(radarr));
    let prowlarr = service("prowlarr", settings.prowlarr, "indexers", PROWLARR, &settings)
        .mount(Volume::precious("prowlarr", Backup::Offsite).at("/config"))
        .sqlite("/config/prowlarr.db")
        .uses(&sonarr)
        .uses(&radarr);
    Arr { sonarr, radarr, prowlarr: stack.add(prowlarr) }
}

#[track_caller]
fn service(
    name: &'static str,
    image: Image,
    host: &'static str,
    port: Port,
    settings: &Settings,
) -> Service<App> {
    let health = match name {
        "sonarr" => probe(&["CMD", "curl", "-fsS", "http://localhost:8989/ping"]),
        "radarr" => probe(&["CMD", "curl", "-fsS", "http://localhost:7878/ping"]),
        _ => probe(&["CMD", "curl", "-fsS", "http://localhost:9696/ping"]),
    };
    Service::app(ServiceName::new(name), image, health)
        .route(Route::host(host, port))
        .egress("asks indexers and sites about series and films")
        .user(settings.owner)
        // Upstream's way to a read-only root: the init runs programs there.
        .tmpfs(Tmpfs::at("/run").owned_by(settings.owner).options("exec"))
        .tmpfs(Tmpfs::at("/tmp"))
        .memory(Memory::mib(256).up_to(Memory::mib(768)))
}

const fn probe(command: &'static [&'static str]) -> Health {
    Health::command(command).starts_within(Duration::from_mins(2))
}
