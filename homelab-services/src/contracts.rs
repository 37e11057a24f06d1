//! Facts about images, one file for each; some are of images that the house does not run.
//!
//! A fact that nobody has looked up is left out, and so unknown. `read` marks facts from an image's
//! sources or documentation, `reported` those from other people. No image could be pulled where this
//! was written: what was `ran` by hand are entry points, with programs of another build, and the source
//! says so. What the pinned images did when they ran is in `observed.json`: a fact that agrees with it
//! counts as `ran`, and one that contradicts it is found by the rule `contract-observed`.

pub(crate) mod adguardhome;
pub(crate) mod audiobookshelf;
pub(crate) mod caddy;
pub(crate) mod filebrowser;
pub(crate) mod forgejo;
pub(crate) mod freshrss;
pub(crate) mod frigate;
pub(crate) mod gluetun;
pub(crate) mod gotenberg;
pub(crate) mod grafana;
pub(crate) mod home_assistant;
pub(crate) mod homepage;
pub(crate) mod homer;
pub(crate) mod immich_machine_learning;
pub(crate) mod immich_postgres;
pub(crate) mod immich_server;
pub(crate) mod jellyfin;
pub(crate) mod linuxserver_arr;
pub(crate) mod linuxserver_calibre_web;
pub(crate) mod linuxserver_qbittorrent;
pub(crate) mod mealie;
pub(crate) mod minecraft;
pub(crate) mod mosquitto;
pub(crate) mod navidrome;
pub(crate) mod netdata;
pub(crate) mod official_mariadb;
pub(crate) mod official_memcached;
pub(crate) mod official_mongo;
pub(crate) mod official_nextcloud;
pub(crate) mod official_postgres;
pub(crate) mod official_redis;
pub(crate) mod old_watchtower;
pub(crate) mod page;
pub(crate) mod paperless;
pub(crate) mod pgbackups;
pub(crate) mod pihole;
pub(crate) mod prometheus;
pub(crate) mod socket_proxy;
pub(crate) mod syncthing;
pub(crate) mod tecnativa_socket_proxy;
pub(crate) mod tika;
pub(crate) mod uptime_kuma;
pub(crate) mod valkey;
pub(crate) mod vaultwarden;
pub(crate) mod watchtower;
pub(crate) mod wg_easy;
pub(crate) mod zigbee2mqtt;

use homelab_core::prelude::Contract;

/// Returns all contracts.
pub(crate) fn all() -> Vec<Contract> {
    vec![
        adguardhome::contract(),
        audiobookshelf::contract(),
        caddy::contract(),
        filebrowser::contract(),
        forgejo::contract(),
        freshrss::contract(),
        frigate::contract(),
        gluetun::contract(),
        gotenberg::contract(),
        grafana::contract(),
        home_assistant::contract(),
        homepage::contract(),
        homer::contract(),
        immich_machine_learning::contract(),
        immich_postgres::contract(),
        immich_server::contract(),
        jellyfin::contract(),
        linuxserver_arr::prowlarr(),
        linuxserver_arr::radarr(),
        linuxserver_arr::sonarr(),
        linuxserver_calibre_web::contract(),
        linuxserver_qbittorrent::contract(),
        mealie::contract(),
        minecraft::contract(),
        mosquitto::new(),
        mosquitto::old(),
        navidrome::contract(),
        netdata::contract(),
        official_mariadb::contract(),
        official_memcached::contract(),
        official_mongo::contract(),
        official_nextcloud::contract(),
        official_postgres::old(),
        official_postgres::new(),
        official_redis::contract(),
        page::contract(),
        paperless::contract(),
        old_watchtower::contract(),
        pgbackups::contract(),
        pihole::contract(),
        prometheus::contract(),
        socket_proxy::contract(),
        syncthing::contract(),
        tecnativa_socket_proxy::contract(),
        tika::contract(),
        uptime_kuma::contract(),
        valkey::contract(),
        vaultwarden::contract(),
        watchtower::contract(),
        wg_easy::contract(),
        zigbee2mqtt::contract(),
    ]
}
