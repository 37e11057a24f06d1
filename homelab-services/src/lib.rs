//! One household. Read `stack` from top to bottom to see the whole architecture.

mod contracts;
mod env;
mod files;
mod groups;
mod images;
mod networks;
mod profiles;
mod services;
pub mod shelf;
mod site;

use homelab_core::dsl::contract::observed::Observed;
use homelab_core::dsl::house::{self, House};
use homelab_core::prelude::{Contract, Stack};

/// The folder of this crate in the repository.
const FOLDER: &str = "homelab-services";

/// What the pinned images did when they ran, as `cargo xtask e2e --images real` has written it.
const OBSERVED: &str = include_str!("../observed.json");

/// Returns the household.
pub fn house() -> House {
    let stack = stack();
    House {
        files: files::all(&stack, &house::header(FOLDER)),
        schemas: vec![
            ("filebrowser-config", services::filebrowser::schema()),
            ("homer-config", services::homer::schema()),
        ],
        ranges: images::RANGES,
        lockstep: images::LOCKSTEP,
        ..House::new(FOLDER, stack)
    }
}

/// Returns what is known of images: those of the house, of the shelf and of others.
pub fn contracts() -> Vec<Contract> {
    contracts::all()
}

/// Adds every service of the house; a service may refer only to those before it.
fn stack() -> Stack {
    let mut stack = Stack::new(site::SITE).knowing(contracts::all());

    // Base: the way in, the dashboard, films and files.
    let api = stack.add(services::caddy::socket_proxy());
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
    let api = stack.add(services::netdata::socket_proxy());
    stack.add(services::netdata::define(&api));
    stack.add(services::uptime_kuma::define());
    stack.add(services::filebrowser::define());
    let api = stack.add(services::watchtower::socket_proxy());
    stack.add(services::watchtower::define(&api));

    // The dashboard comes last: it shows the tiles of all others.
    stack.add(services::homer::define(&stack.tiles()));

    stack.observed(Observed::parse(OBSERVED).expect("`observed.json` is as the suite wrote it"))
}
