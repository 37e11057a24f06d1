//! Syncthing: keeps folders in step between the household's devices.
//!
//! Its port for discovery in the local network, 21027/udp, is not published: what it announces never
//! leaves the container's network, and what others announce would seem to come from the gateway. So
//! the other devices are told its address, see `docs/runbooks/first-start.md`; otherwise they reach
//! it by relays in the internet.
//!
//! Upstream: <https://github.com/syncthing/syncthing/blob/main/README-Docker.md>

use homelab_core::prelude::*;

use crate::{env, groups, images};

const NAME: ServiceName = ServiceName::new("syncthing");

/// Panel; it has no password until one is set.
const PANEL: Port = Port::new(8384);
const SYNC: Port = Port::new(22_000);
const SYNC_QUIC: Port = Port::udp(22_000);

/// Keys of this device and the index of its folders.
const STATE: Mount<Precious> = Volume::precious("syncthing", Backup::Offsite).at("/var/syncthing");

/// Outside of the folder of the state, so that neither is mounted inside the other.
const FOLDERS: Mount<Precious> = Bind::env(&env::SYNC_PATH, Backup::Offsite).at("/sync");

/// The image's check, with time for the migration that version 2 does on its first start.
const HEALTH: Health = Health::from_image().starts_within(Duration::from_mins(5));

/// About 300 MB for 500,000 files (syncthing#6967); it may also hold 256 MiB of requests at once
/// (`maxConcurrentIncomingRequestKiB`). Its index decides, and a first scan takes more.
const MEMORY: MemoryRange = Memory::mib(320).up_to(Memory::gib(1));

pub(crate) fn define() -> Service<App, Precious> {
    Service::app(NAME, images::SYNCTHING, HEALTH)
        .route(Route::host("sync", PANEL).login(Login::Proxy))
        .egress("finds devices outside the house, directly or by relays")
        .tile(Tile::new("Syncthing", groups::DATA).icon("fas fa-rotate").subtitle("File sync"))
        .publish(Publish::at(&env::LAN_ADDRESS, SYNC))
        .publish(Publish::at(&env::LAN_ADDRESS, SYNC_QUIC))
        .env("TZ", env::TZ)
        .env("PUID", env::PUID)
        .env("PGID", env::PGID)
        .mount(STATE)
        .mount(FOLDERS)
        .capability(Capability::Chown, "the entry point gives the state's folder to PUID")
        .capability(Capability::DacOverride, "the entry point enters that folder as root")
        .capability(Capability::Setgid, "the entry point becomes PGID")
        .capability(Capability::Setuid, "the entry point becomes PUID")
        .memory(MEMORY)
        .pids(512)
        .stops_within(Duration::from_mins(1))
}
