//! The house: `stack` reads top to bottom and is the architecture on a screen.

mod env;
mod files;
mod groups;
mod images;
mod networks;
mod profiles;
mod services;
mod site;

pub use self::files::{ConfigFile, files};
use homelab_core::image::{Image, Range, Release};
use homelab_core::prelude::{Contract, Stack};

/// Every service of the house, in the order in which they may refer to each other.
pub fn stack() -> Stack {
    let mut stack = Stack::new(site::SITE);

    // Base: the way in, the dashboard, films and files.
    let api = stack.add(services::socket_proxy::for_caddy());
    stack.add(services::caddy::define(&api));
    stack.add(services::jellyfin::define());
    stack.add(services::syncthing::define());

    // Photos: Immich, its data layer, its dumps.
    let db = services::postgres::Database::immich(stack.add(services::postgres::define()));
    let cache = stack.add(services::redis::define());
    let machine_learning = stack.add(services::immich_machine_learning::define());
    stack.add(services::immich_server::define(&db, &cache, &machine_learning));
    stack.add(services::pgbackups::define(&db));

    // Network, monitoring, files, updates.
    stack.add(services::adguardhome::define());
    let api = stack.add(services::socket_proxy::for_netdata());
    stack.add(services::netdata::define(&api));
    stack.add(services::uptime_kuma::define());
    stack.add(services::filebrowser::define());
    let api = stack.add(services::socket_proxy::for_watchtower());
    stack.add(services::watchtower::define(&api));

    // The dashboard comes last: it shows the tiles of all others.
    stack.add(services::homer::define(&stack.tiles()));
    stack
}

/// What is known of the images that the house runs.
pub fn catalogue() -> Vec<Contract> {
    stack().catalogue()
}

/// Pins that `homelab images` may move farther or less far than within their major version.
pub const fn ranges() -> &'static [(Image, Range)] {
    images::RANGES
}

/// Images that are moved together or not at all.
pub const fn releases() -> &'static [Release] {
    images::RELEASES
}

/// Name and JSON Schema of every configuration file that is written as data.
pub fn schemas() -> Vec<(&'static str, schemars::Schema)> {
    vec![
        ("filebrowser-config", services::filebrowser::schema()),
        ("homer-config", services::homer::schema()),
    ]
}
