//! Jellyfin: films, series and music for browsers, televisions and phones.
//!
//! Upstream: <https://jellyfin.org/docs/general/installation/container>

use homelab_core::prelude::*;

use crate::{env, groups, images};

const NAME: ServiceName = ServiceName::new("jellyfin");

/// Web UI and API; upstream's default.
const WEB: Port = Port::new(8096);

const CONFIG: Mount<Precious> = Volume::precious("jellyfin-config", Backup::Offsite).at("/config");

/// On disk and not in memory: transcodes of a film are gigabytes.
const CACHE: Mount<Stateless> =
    Volume::scratch("jellyfin-cache", "pictures and transcodes are made again").at("/cache");

const MEDIA: Mount<Stateless> = Bind::env_read_only(&env::MEDIA_PATH).at("/media");

/// Its clients send an `Authorization` header of their own, which the proxy's question for a
/// password would break. So its own accounts guard it, and the wizard that makes the
/// administrator is closed: it is opened from the host, see `docs/runbooks/first-start.md`.
const ROUTE: Route = Route::host("media", WEB)
    .login(Login::BuiltIn)
    .closes(WIZARD)
    .closes_until(BEFORE, env::JELLYFIN_SETUP_DONE);

/// The wizard's part of the API, also below the prefixes that upstream strips (`/emby`,
/// `/mediabrowser`). Read from upstream's source, not tested with the image.
const WIZARD: &[&str] = &["*/Startup/*"];

/// The rest of what upstream's policies `FirstTimeSetupOr…` let anybody do until the wizard has
/// ended: list folders of the host, add and remove libraries. `/System/Info` and
/// `/Localization/` have such a policy, too, change nothing and stay open, since clients ask for
/// them; `/Users/Public` names hidden users until then. Those are all (c3ed1407).
const BEFORE: &[&str] = &["*/Environment/*", "*/Library/VirtualFolders*", "*/Libraries/*"];

/// The image's check, with time for a migration of the library's database.
const HEALTH: Health = Health::from_image().starts_within(Duration::from_mins(2));

pub(crate) fn define() -> Service<App, Precious> {
    Service::app(NAME, images::JELLYFIN, HEALTH)
        .contract(&CONTRACT)
        .route(ROUTE)
        .egress("fetches descriptions, pictures and plugins")
        .tile(Tile::new("Jellyfin", groups::MEDIA).icon("fas fa-film").subtitle("Films and music"))
        .user(User::Variables(env::PUID, env::PGID))
        // `/dev/null` stands in for a GPU that is not there: the host decides in `.env`.
        .device(&env::JELLYFIN_GPU, "/dev/dri/renderD128")
        .group(&env::RENDER_GID)
        .env("TZ", env::TZ)
        .env("JELLYFIN_PublishedServerUrl", Text::literal("https://media.").and(env::DOMAIN))
        .mount(CONFIG)
        .mount(CACHE)
        .mount(MEDIA)
        .memory(Memory::gib(2))
        .cpus(Cpus::cores(2))
        .pids(512)
        .stops_within(Duration::from_mins(1))
}

/// Facts: jellyfin-packaging at 69a2981 (`/config` and `/cache` are made with mode 777). No
/// capability and the read-only root were drop-tested on 10.11; 12.x is not, so the file of
/// its settings and plugins is the first place to look when it does not start.
const CONTRACT: Contract = Contract {
    repository: "jellyfin/jellyfin",
    source: "https://github.com/jellyfin/jellyfin-packaging",
    user: 0,
    ports: &[WEB, Port::udp(7359)],
    data: &["/config"],
    writes: &["/cache"],
    read_only: ReadOnly::Works,
    ships_health: true,
    requires: &[],
    secrets: &[],
    misspelt: &[],
    panel: Some(Panel {
        port: WEB,
        login: PanelLogin::FirstVisitor { wizard: WIZARD, open: BEFORE },
    }),
    egress: Egress::Optional("fetches descriptions, pictures and plugins"),
    peers: &[],
    end_of_life: None,
    one_way: Some("version 12 migrates the database of version 10 one way"),
};
