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
use homelab_core::prelude::{Contract, Stack};

use crate::services::{
    adguardhome, caddy, filebrowser, homer, immich_machine_learning, immich_server, jellyfin,
    netdata, pgbackups, postgres, redis, socket_proxy, syncthing, uptime_kuma, watchtower,
};

/// Every service of the house, in the order in which they may refer to each other.
pub fn stack() -> Stack {
    let mut stack = Stack::new(site::SITE);

    // Base: the way in, the dashboard, films and files.
    let api = stack.add(socket_proxy::for_caddy());
    stack.add(caddy::define(stack.site(), &api));
    stack.add(jellyfin::define());
    stack.add(syncthing::define());

    // Photos: Immich, its data layer, its dumps.
    let db = postgres::Database::immich(stack.add(postgres::define()));
    let cache = stack.add(redis::define());
    let machine_learning = stack.add(immich_machine_learning::define());
    stack.add(immich_server::define(&db, &cache, &machine_learning));
    stack.add(pgbackups::define(&db));

    // Network, monitoring, files, updates.
    stack.add(adguardhome::define());
    let api = stack.add(socket_proxy::for_netdata());
    stack.add(netdata::define(&api));
    stack.add(uptime_kuma::define());
    stack.add(filebrowser::define());
    let api = stack.add(socket_proxy::for_watchtower());
    stack.add(watchtower::define(&api));

    // The dashboard comes last: it shows the tiles of all others.
    stack.add(homer::define(&stack.tiles()));
    stack
}

/// What is known of the images that the house runs.
pub fn catalogue() -> Vec<Contract> {
    stack().catalogue()
}

/// Name and JSON Schema of every configuration file that is written as data.
pub fn schemas() -> Vec<(&'static str, schemars::Schema)> {
    vec![("filebrowser-config", filebrowser::schema()), ("homer-config", homer::schema())]
}
