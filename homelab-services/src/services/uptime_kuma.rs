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

/// 150 MB after a start with 23 monitors (uptime-kuma#7537), below 400 MiB with 250 (uptime-kuma#5884).
const MEMORY: MemoryRange = Memory::mib(160).up_to(Memory::mib(384));

pub(crate) fn define() -> Service<App, Precious> {
    Service::app(NAME, images::UPTIME_KUMA, Health::from_image())
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
        .memory(MEMORY)
        .stops_within(Duration::from_mins(1))
}
