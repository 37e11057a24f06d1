//! Uptime Kuma: watches that services answer, and tells when they do not.
//!
//! Upstream: <https://github.com/louislam/uptime-kuma/wiki>

use homelab_core::prelude::*;

use crate::{env, groups, images, profiles};

const NAME: ServiceName = ServiceName::new("uptime-kuma");

/// Upstream's default.
const PANEL: Port = Port::new(3001);

/// Monitors and their history, in SQLite: never on a network file system.
const DATA: Mount<Precious> = Volume::precious("uptime-kuma", Backup::Offsite).at("/app/data");

pub(crate) fn define() -> Service<App, Precious> {
    Service::app(NAME, images::UPTIME_KUMA, Health::from_image())
        .contract(&CONTRACT)
        .profile(profiles::MONITORING)
        .route(Route::host("status", PANEL).login(Login::Proxy))
        .egress("asks what it watches, by the host's ports or outside, and sends notifications")
        .tile(
            Tile::new("Uptime Kuma", groups::SYSTEM).icon("fas fa-heart-pulse").subtitle("Uptime"),
        )
        .env("TZ", env::TZ)
        // Skips the page on which the first visitor would choose a database.
        .env("UPTIME_KUMA_DB_TYPE", "sqlite")
        .mount(DATA)
        .tmpfs(Tmpfs::at("/tmp"))
        .capability(Capability::DacOverride, "found necessary when tag 2 was drop-tested")
        .capability(Capability::Fowner, "found necessary when tag 2 was drop-tested")
        .capability(Capability::NetRaw, "monitors of the kind ping")
        .memory(Memory::mib(384))
        .stops_within(Duration::from_mins(1))
}

/// Facts: `docker/dockerfile` and `server/setup-database.js` at 6398a958; capabilities and the
/// read-only root were drop-tested with tag 2.
const CONTRACT: Contract = Contract {
    repository: "louislam/uptime-kuma",
    source: "https://github.com/louislam/uptime-kuma",
    user: 0,
    ports: &[PANEL],
    data: &["/app/data"],
    writes: &["/tmp"],
    read_only: ReadOnly::Works,
    ships_health: true,
    requires: &[],
    secrets: &[SecretKey { name: "UPTIME_KUMA_DB_PASSWORD", file: true }],
    misspelt: &[],
    // The wizard is an event of the WebSocket by which all of the panel works (`setup` in
    // `server/server.js`): no path can be closed for it alone. `/setup-database` answers only
    // where nobody has chosen a database.
    panel: Some(Panel { port: PANEL, login: PanelLogin::FirstVisitor { wizard: &[], open: &[] } }),
    egress: Egress::Optional("watches addresses outside the house and sends notifications"),
    peers: &[],
    end_of_life: None,
    one_way: Some("version 2 migrates the database of version 1 one way"),
};
