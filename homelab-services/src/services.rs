//! The services, one file for each, in the order of the alphabet.

pub(crate) mod adguardhome;
pub(crate) mod caddy;
pub(crate) mod filebrowser;
pub(crate) mod homer;
pub(crate) mod immich_machine_learning;
pub(crate) mod immich_server;
pub(crate) mod jellyfin;
pub(crate) mod netdata;
pub(crate) mod pgbackups;
pub(crate) mod postgres;
pub(crate) mod redis;
pub(crate) mod socket_proxy;
pub(crate) mod syncthing;
pub(crate) mod uptime_kuma;
pub(crate) mod watchtower;
