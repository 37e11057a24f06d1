//! Jellyfin: films, series and music for browsers, televisions and phones.
//!
//! Upstream: <https://jellyfin.org/docs/general/installation/container>

use homelab_core::prelude::*;

use crate::contracts::jellyfin::{BEFORE, WIZARD};
use crate::{env, groups, images};

const NAME: ServiceName = ServiceName::new("jellyfin");

/// Web UI and API; upstream's default.
const WEB: Port = Port::new(8096);

const CONFIG: Mount<Precious> = Volume::precious("jellyfin-config", Backup::Offsite).at("/config");

/// On disk, because transcodes of a film take gigabytes.
const CACHE: Mount<Stateless> =
    Volume::scratch("jellyfin-cache", "pictures and transcodes are made again").at("/cache");

const MEDIA: Mount<Stateless> = Bind::env_read_only(&env::MEDIA_PATH).at("/media");

/// Its clients send their own `Authorization` header, which a login at the proxy would break. So
/// its own accounts guard it, and the proxy closes the wizard that makes the administrator. The
/// wizard can be opened from the host, see `docs/runbooks/first-start.md`.
const ROUTE: Route = Route::host("media", WEB)
    .login(Login::BuiltIn)
    .closes(WIZARD)
    .closes_until(BEFORE, env::JELLYFIN_SETUP_DONE);

/// Apps on televisions refuse a certificate of the house's own authority, and nobody can give it to
/// them (jellyfin/jellyfin-androidtv issues 1127, 3385, 4231 and 5400). Not 7359/udp, by which they
/// would find the server: it answers with the proxy's address, which is of no use to them.
const TELEVISIONS: Publish = Publish::at(&env::JELLYFIN_ADDRESS, WEB);

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

pub(crate) fn define() -> Service<App, Precious> {
    Service::app(NAME, images::JELLYFIN, HEALTH)
        .route(ROUTE)
        .publish(TELEVISIONS)
        .egress("fetches descriptions, pictures and plugins")
        .tile(Tile::new("Jellyfin", groups::MEDIA).icon("fas fa-film").subtitle("Films and music"))
        .user(User::Variables(env::PUID, env::PGID))
        // The host's `.env` names the GPU; `/dev/null` means that there is none.
        .device(&env::JELLYFIN_GPU, "/dev/dri/renderD128")
        .group(&env::RENDER_GID)
        .env("TZ", env::TZ)
        .env("JELLYFIN_PublishedServerUrl", Text::literal("https://media.").and(env::DOMAIN))
        .mount(CONFIG)
        .mount(CACHE)
        .mount(MEDIA)
        // Covers, collages and previews are made here; gigabytes of films are not.
        .tmpfs(Tmpfs::at("/tmp"))
        .memory(MEMORY)
        .cpus(Cpus::cores(2))
        .pids(512)
        .stops_within(Duration::from_mins(1))
}
