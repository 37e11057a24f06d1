//! Homer: the dashboard, and the house's main entry.
//!
//! Upstream: <https://github.com/bastienwirtz/homer/blob/main/docs/configuration.md>

mod app;
mod config;

use homelab_core::dsl::stack::PlacedTile;
use homelab_core::prelude::*;

use crate::{env, images};

pub(crate) use self::app::files as app_files;
pub(crate) use self::config::{file, schema};

const NAME: ServiceName = ServiceName::new("homer");

/// Upstream's default.
const WEB: Port = Port::new(8080);

/// The generated dashboard's place in this repository.
const CONFIG_FILE: &str = "config/homer/config.yml";

/// The folder is mounted, not the file: when a mounted file is replaced, the container still sees
/// the old one.
const ASSETS: Mount<Stateless> = Bind::config("config/homer").at("/www/assets");

/// Files served by lighttpd. Nobody has published a figure, so the limit counts in full.
const MEMORY: MemoryRange = Memory::mib(64).up_to(Memory::mib(64));

pub(crate) fn define(tiles: &[PlacedTile]) -> Service<App, Unattended> {
    let service = Service::app(NAME, images::HOMER, Health::from_image())
        .update_unattended(
            env::HOMER_DIGEST,
            "it keeps nothing, and a bad release costs no more than the start page",
        )
        .route(Route::apex(WEB))
        // It needs no more than its own files; the folder is read-only.
        .env("INIT_ASSETS", 0)
        // On a kernel without IPv6 it would not start (`lighttpd-ipv6.sh`).
        .env("IPV6_DISABLE", 1)
        .mount(ASSETS)
        .memory(MEMORY)
        .pids(64);
    // The dashboard is a generated file and cannot know the domain, which is in `.env`. So its
    // links stay on its own host, and the proxy redirects them to the right one.
    tiles.iter().fold(service, |it, tile| it.redirect(link(tile), tile.route()))
}

/// Returns `/to/<service>`, a path on the dashboard's own host.
fn link(tile: &PlacedTile) -> String {
    format!("/to/{}", tile.service())
}
