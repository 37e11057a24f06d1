//! Jellyfin: films, series and music for browsers, televisions and phones.
//!
//! The household adds the graphics processor that makes films smaller: `.nvidia(Nvidia::All)`, with
//! NVIDIA's container toolkit on the host, or `.device(…)` and `.group(…)` for a render node. By hand:
//! the wizard, from the host itself, and then hardware acceleration in the dashboard.
//!
//! Upstream: <https://jellyfin.org/docs/general/installation/container>

use homelab_core::prelude::*;

use crate::contracts::jellyfin::{BEFORE, WIZARD};

const NAME: ServiceName = ServiceName::new("jellyfin");

/// Web UI and API; upstream's default.
const WEB: Port = Port::new(8096);

const CONFIG: Mount<Precious> = Volume::precious("jellyfin-config", Backup::Offsite).at("/config");

/// On disk, because transcodes of a film take gigabytes.
const CACHE: Mount<Stateless> =
    Volume::scratch("jellyfin-cache", "pictures and transcodes are made again").at("/cache");

/// While it starts and while it migrates its database, a small server answers `/health` with the
/// word `Degraded` and the status 200, which the image's own check takes for healthy
/// (`SetupServer.cs` of v12.0-rc5). Migrations of large libraries took many minutes
/// (jellyfin/jellyfin issue 17894), hence the hour. The image has curl, as its own check needs it.
const HEALTH: Health =
    Health::shell("curl --noproxy localhost -fsS http://localhost:8096/health | grep -qx Healthy")
        .every(Duration::from_secs(30))
        .within(Duration::from_secs(30))
        .starts_within(Duration::from_hours(1));

/// 600 MB after a restart and a scan (jellyfin#11551), and 2 GB after days (docker-jellyfin#197).
/// Upstream names no figure for a container.
const MEMORY: MemoryRange = Memory::mib(640).up_to(Memory::gib(2));

/// What the household decides.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// `jellyfin/jellyfin`.
    pub image: Image,
    /// The host name before the domain.
    pub host: &'static str,
    /// The domain.
    pub domain: EnvVar,
    /// `true` once the wizard is done: until then the proxy also closes paths that it leaves open.
    pub is_set_up: EnvVar,
    /// The folder of the host with films, series and music.
    pub media: EnvVar,
    /// User and group who may read that folder.
    pub reader: User,
    /// The time zone.
    pub time_zone: EnvVar,
}

/// Makes the service at `https://<host>.<domain>`.
///
/// Its clients send their own `Authorization` header, which a login at the proxy would break. So
/// its own accounts guard it, and the proxy closes the wizard that makes the administrator.
#[track_caller]
pub fn define(settings: &Settings) -> Service<App, Precious> {
    let route = Route::host(settings.host, WEB).login(Login::BuiltIn);
    let url = Text::literal(&format!("https://{}.", settings.host)).and(settings.domain);
    Service::app(NAME, settings.image, HEALTH)
        .route(route.closes(WIZARD).closes_until(BEFORE, settings.is_set_up))
        .egress("fetches descriptions, pictures and plugins")
        .user(settings.reader)
        .env("TZ", settings.time_zone)
        .env("JELLYFIN_PublishedServerUrl", url)
        .mount(CONFIG)
        // From version 10.11 on; earlier ones had several.
        .sqlite("/config/data/jellyfin.db")
        .mount(CACHE)
        .mount(Bind::env_read_only(&settings.media).at("/media"))
        // Covers, collages and previews are made here; gigabytes of films are not.
        .tmpfs(Tmpfs::at("/tmp"))
        .memory(MEMORY)
        .cpus(Cpus::cores(2))
        .pids(512)
        .stops_within(Duration::from_mins(1))
}
