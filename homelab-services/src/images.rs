//! Every image that the house runs, pinned by tag and digest, and nothing else.
//!
//! The digests are those of the multi-architecture index, as other projects publish them; each
//! comment says how many independent projects agree. `docker buildx imagetools inspect <image>`
//! prints the registry's answer.

use homelab_core::dsl::image::{Lockstep, Range};
use homelab_core::prelude::Image;

/// How far `homelab images` may move some pins; all others stay within their major version.
///
/// `.github/renovate.json` says the same to Renovate, and a test compares the two.
pub(crate) const RANGES: &[(Image, Range)] = &[
    (HOMER, Range::Any { because: "its first number is the year" }),
    (POSTGRES, Range::Frozen { because: "Immich's release notes name the pin, tag and digest" }),
    (PGBACKUPS, Range::Tag { because: "its tag is the major version of the server's PostgreSQL" }),
];

/// Server and machine learning must have the same version: two different tags do not compile.
pub(crate) const LOCKSTEP: &[Lockstep] = &[Lockstep::of(&[IMMICH_SERVER, IMMICH_MACHINE_LEARNING])];

/// One source, not cross-confirmed. 2.13.1 builds on Caddy 2.11.4.
pub(crate) const CADDY: Image = Image::pinned(
    "lucaslorentz/caddy-docker-proxy:2.13.1-alpine@sha256:3e6cf4a6382da0cd14108a69929d7f8cc59e9a59cae4c9795071fa392ffa8036",
);

/// Four sources or more.
pub(crate) const SOCKET_PROXY: Image = Image::pinned(
    "wollomatic/socket-proxy:1.13.1@sha256:3935b709275e4ec35d6ed5a5c4a1f0d01ed31eec5e7234efc3357ecd47689002",
);

/// One source. `HOMER_DIGEST=` in `.env` takes the digest away.
pub(crate) const HOMER: Image = Image::pinned(
    "b4bz/homer:v26.4.2@sha256:ace7c6a2cfb66e13f0e94d5534cb569562f190aa5cac9446b2453ef7822cd195",
);

/// Five sources or more. The tag is `12.2`, not `12.2.0`.
pub(crate) const JELLYFIN: Image = Image::pinned(
    "jellyfin/jellyfin:12.2@sha256:357724bf0ae27a672c7cbaa899db2d9abeb13dbd8657ccce750258a4c059d037",
);

/// Seven sources or more.
pub(crate) const SYNCTHING: Image = Image::pinned(
    "syncthing/syncthing:2.1.3@sha256:8c8ff37ab6aa8be23b700648a90fa9412e214852e9fd6ea8477c8334792daec0",
);

/// Four sources or more.
pub(crate) const IMMICH_SERVER: Image = Image::pinned(
    "ghcr.io/immich-app/immich-server:v3.2.4@sha256:d317916b28090c33eb36b308464ea391f8b7df1d850fcfea227a39ec879718c2",
);

/// Five sources or more.
pub(crate) const IMMICH_MACHINE_LEARNING: Image = Image::pinned(
    "ghcr.io/immich-app/immich-machine-learning:v3.2.4@sha256:e16c2f166a8174901959fdf85e2e4c7bd1ebc4b37e0b6655de97c41408a260c4",
);

/// Immich's official pin, many sources. It is PostgreSQL 14.19, which Immich still ships after the end
/// of its life (immich-app/immich issue 28721). The image is built for 14 to 18, with `VectorChord`
/// 1.1.1, and Immich takes any from 0.3 to below 2.
pub(crate) const POSTGRES: Image = Image::pinned(
    "ghcr.io/immich-app/postgres:14-vectorchord0.4.3-pgvectors0.2.0@sha256:bcf63357191b76a916ae5eb93464d65c07511da41e3bf7a8416db519b40b1c23",
);

/// Six sources or more, one of them next to Immich v3.2.4.
pub(crate) const VALKEY: Image = Image::pinned(
    "docker.io/valkey/valkey:9.1.2@sha256:418652cfb58ef879d4978c33553735d7147016032d5aefaa14c828e611eb9dfd",
);

/// One source. The tag is the major version of PostgreSQL, which must not be older than the server's.
pub(crate) const PGBACKUPS: Image = Image::pinned(
    "prodrigestivill/postgres-backup-local:14@sha256:42b1104c508d1e517c8ec13df3751a49480f09a09bd857fc60fbe84cdccc4e62",
);

/// Eight sources or more.
pub(crate) const ADGUARDHOME: Image = Image::pinned(
    "adguard/adguardhome:v0.107.79@sha256:aba9e3bf0613be3ba3755e1fc311b126e2c24bec25e18b6483894a88283074f0",
);

/// One source.
pub(crate) const NETDATA: Image = Image::pinned(
    "netdata/netdata:v2.11.0@sha256:c45c71eb23ff3f1012bcda7832bf08c0b09954363557e84511bcfaf6cafa3aa8",
);

/// Eight sources or more.
pub(crate) const UPTIME_KUMA: Image = Image::pinned(
    "louislam/uptime-kuma:2.5.5@sha256:c74379ac4509ce2d2c2633f509e67003ee2e45b6e995c5e43fc101f45a0e1fbe",
);

/// One source. Version 2 has another configuration format: do not bump it unread.
pub(crate) const FILEBROWSER: Image = Image::pinned(
    "gtstef/filebrowser:1.5.1-stable@sha256:e82e3bb6d03d4c9e6d5b6ded452b202f79bad335490889591580bf350b601133",
);

/// One source. The maintained fork of `containrrr/watchtower`.
pub(crate) const WATCHTOWER: Image = Image::pinned(
    "nickfedor/watchtower:1.20.3@sha256:bee77696862e09521c49e5ab4904a4179accece6d561a2ef334c7589b84a2438",
);
