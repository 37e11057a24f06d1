//! Uptime Kuma: watches that services answer, and tells when they do not.
//!
//! It has no access to Docker, so monitors of the kind container do not work: they need one more
//! socket proxy, whose answers show every container's environment, and tell less than a monitor that
//! asks the service itself. The tag `-slim`, without a browser and a database server, would do as
//! well.
//!
//! Upstream: <https://github.com/louislam/uptime-kuma/wiki>

use homelab_core::prelude::*;

use crate::contracts::uptime_kuma::PUSH;
use crate::{env, groups, images, profiles};

const NAME: ServiceName = ServiceName::new("uptime-kuma");

/// Upstream's default.
const PANEL: Port = Port::new(3001);

/// Monitors and their history, in SQLite: never on a network file system.
const DATA: Mount<Precious> = Volume::precious("uptime-kuma", Backup::Offsite).at("/app/data");

/// 150 MB after a start with 23 monitors (uptime-kuma#7537), below 400 MiB with 250 (uptime-kuma#5884).
const MEMORY: MemoryRange = Memory::mib(160).up_to(Memory::mib(384));

/// Jobs and devices say that they are well at `/api/push/<token>`, and most cannot answer the
/// proxy. Status pages and badges are public by upstream's design, too, but stay behind the login,
/// because they name what the house runs.
const ROUTE: Route = Route::host("status", PANEL)
    .login(Login::Proxy)
    .opens(PUSH, "whoever calls it says a monitor's secret token");

pub(crate) fn define() -> Service<App, Precious> {
    Service::app(NAME, images::UPTIME_KUMA, Health::from_image())
        .profile(profiles::MONITORING)
        .route(ROUTE)
        .egress("asks what it watches, by the host's ports or outside, and sends notifications")
        .tile(
            Tile::new("Uptime Kuma", groups::SYSTEM).icon("fas fa-heart-pulse").subtitle("Uptime"),
        )
        .env("TZ", env::TZ)
        // Skips the page on which the first visitor would choose a database.
        .env("UPTIME_KUMA_DB_TYPE", "sqlite")
        .mount(DATA)
        .sqlite("/app/data/kuma.db")
        .tmpfs(Tmpfs::at("/tmp"))
        .capability(Capability::DacOverride, "found necessary when tag 2 was drop-tested")
        .capability(Capability::Fowner, "found necessary when tag 2 was drop-tested")
        .capability(Capability::NetRaw, "monitors of the kind ping")
        .memory(MEMORY)
        .stops_within(Duration::from_mins(1))
}
