//! Facts about images, one file for each; some are of images that the house does not run.
//!
//! A fact that nobody has looked up is left out, and so unknown. `read` marks facts from an image's
//! sources or documentation, `reported` those from other people. No image could be pulled where this
//! was written: what was `ran` by hand are entry points, with programs of another build, and the source
//! says so. What the pinned images did when they ran is in `observed.json`: a fact that agrees with it
//! counts as `ran`, and one that contradicts it is found by the rule `contract-observed`.

pub(crate) mod adguardhome;
pub(crate) mod caddy;
pub(crate) mod filebrowser;
pub(crate) mod gotenberg;
pub(crate) mod homer;
pub(crate) mod immich_machine_learning;
pub(crate) mod immich_postgres;
pub(crate) mod immich_server;
pub(crate) mod jellyfin;
pub(crate) mod minecraft;
pub(crate) mod netdata;
pub(crate) mod official_postgres;
pub(crate) mod old_watchtower;
pub(crate) mod paperless;
pub(crate) mod pgbackups;
pub(crate) mod socket_proxy;
pub(crate) mod syncthing;
pub(crate) mod tecnativa_socket_proxy;
pub(crate) mod tika;
pub(crate) mod uptime_kuma;
pub(crate) mod valkey;
pub(crate) mod vaultwarden;
pub(crate) mod watchtower;

use homelab_core::prelude::Contract;

/// Returns all contracts.
pub(crate) fn all() -> Vec<Contract> {
    vec![
        adguardhome::contract(),
        caddy::contract(),
        filebrowser::contract(),
        gotenberg::contract(),
        homer::contract(),
        immich_machine_learning::contract(),
        immich_postgres::contract(),
        immich_server::contract(),
        jellyfin::contract(),
        minecraft::contract(),
        netdata::contract(),
        official_postgres::old(),
        official_postgres::new(),
        paperless::contract(),
        old_watchtower::contract(),
        pgbackups::contract(),
        socket_proxy::contract(),
        syncthing::contract(),
        tecnativa_socket_proxy::contract(),
        tika::contract(),
        uptime_kuma::contract(),
        valkey::contract(),
        vaultwarden::contract(),
        watchtower::contract(),
    ]
}
