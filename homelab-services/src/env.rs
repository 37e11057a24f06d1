//! Every variable of `.env`: name, validity, meaning, default.

use homelab_core::dsl::house::HOST_FOLDER;
use homelab_core::prelude::*;

/// Lists all variables, in the order of `.env.example`.
pub(crate) const ALL: &[EnvVar] = &[
    COMPOSE_PROFILES,
    DATA_ROOT,
    DOMAIN,
    TLS_ISSUER,
    TZ,
    PUID,
    PGID,
    LAN_ADDRESS,
    ADGUARD_ADDRESS,
    MEDIA_PATH,
    SYNC_PATH,
    FILES_PATH,
    FILEBROWSER_STATE_PATH,
    IMMICH_LIBRARY_PATH,
    IMMICH_EXTERNAL_PATH,
    BACKUP_PATH,
    BACKUP_SCHEDULE,
    IMMICH_ML,
    IMMICH_ALLOW_SETUP,
    JELLYFIN_SETUP_DONE,
    JELLYFIN_ADDRESS,
    JELLYFIN_GPU,
    RENDER_GID,
    HOMER_DIGEST.variable(),
    HOUSE_PATH,
];

/// Compose itself reads this variable.
pub(crate) const COMPOSE_PROFILES: EnvVar = EnvVar::new(
    "COMPOSE_PROFILES",
    Kind::Profiles,
    "Profiles that are on besides the base, as a comma list",
)
.or("");

pub(crate) const DATA_ROOT: EnvVar = EnvVar::new(
    "DATA_ROOT",
    Kind::Path,
    "Folder on the host below which media, photos, files and dumps live",
);

pub(crate) const DOMAIN: EnvVar =
    EnvVar::new("DOMAIN", Kind::Hostname, "Domain that every host name ends with").or("home.arpa");

pub(crate) const TLS_ISSUER: EnvVar = EnvVar::new(
    "TLS_ISSUER",
    Kind::TlsIssuer,
    "`internal` for Caddy's own certificate authority, or your e-mail address for public certificates by ACME",
)
.or("internal");

pub(crate) const TZ: EnvVar =
    EnvVar::new("TZ", Kind::TimeZone, "Time zone of schedules and logs").or("Etc/UTC");

pub(crate) const PUID: EnvVar = EnvVar::new(
    "PUID",
    Kind::Count(1, 65_534),
    "User id that owns the household's files, as `id -u` prints it",
)
.or("1000");

pub(crate) const PGID: EnvVar = EnvVar::new(
    "PGID",
    Kind::Count(1, 65_534),
    "Group id that owns the household's files, as `id -g` prints it",
)
.or("1000");

pub(crate) const LAN_ADDRESS: EnvVar = EnvVar::new(
    "LAN_ADDRESS",
    Kind::Ipv4,
    "Address of this host for devices that synchronise files; 0.0.0.0 means all",
)
.or("0.0.0.0");

pub(crate) const ADGUARD_ADDRESS: EnvVar = EnvVar::new(
    "ADGUARD_ADDRESS",
    Kind::Ipv4,
    "Address that answers DNS; set it to this host's LAN address, never to a public one",
)
.or("127.0.0.1");

pub(crate) const MEDIA_PATH: EnvVar =
    EnvVar::new("MEDIA_PATH", Kind::Path, "Films, series and music; only read")
        .or_under(&DATA_ROOT, "/media");

pub(crate) const SYNC_PATH: EnvVar =
    EnvVar::new("SYNC_PATH", Kind::Path, "Folders that Syncthing keeps in step")
        .or_under(&DATA_ROOT, "/sync");

pub(crate) const FILES_PATH: EnvVar =
    EnvVar::new("FILES_PATH", Kind::Path, "Files that the web explorer shows and changes")
        .or_under(&DATA_ROOT, "/files");

pub(crate) const FILEBROWSER_STATE_PATH: EnvVar = EnvVar::new(
    "FILEBROWSER_STATE_PATH",
    Kind::Path,
    "Settings, shares and previews of the web explorer",
)
.or_under(&DATA_ROOT, "/filebrowser");

pub(crate) const IMMICH_LIBRARY_PATH: EnvVar =
    EnvVar::new("IMMICH_LIBRARY_PATH", Kind::Path, "Photo and video originals")
        .or_under(&DATA_ROOT, "/photos");

pub(crate) const IMMICH_EXTERNAL_PATH: EnvVar = EnvVar::new(
    "IMMICH_EXTERNAL_PATH",
    Kind::Path,
    "Photos that Immich shows where they are, and only reads; may be empty",
)
.or_under(&DATA_ROOT, "/external");

pub(crate) const BACKUP_PATH: EnvVar =
    EnvVar::new("BACKUP_PATH", Kind::Path, "Database dumps; copy them off this host")
        .or_under(&DATA_ROOT, "/backups");

/// Not between 01:00 and 03:00: most time zones skip an hour there in spring, and with it that
/// night's dump.
pub(crate) const BACKUP_SCHEDULE: EnvVar =
    EnvVar::new("BACKUP_SCHEDULE", Kind::Cron, "When Immich's database is dumped, in TZ")
        .or("30 3 * * *");

pub(crate) const IMMICH_ML: EnvVar = EnvVar::new(
    "IMMICH_ML",
    Kind::Count(0, 1),
    "1 runs Immich's machine learning (search by content, faces), 0 does not",
)
.or("1");

pub(crate) const IMMICH_ALLOW_SETUP: EnvVar = EnvVar::new(
    "IMMICH_ALLOW_SETUP",
    Kind::OneOf(&["true", "false"]),
    "`true` lets the first visitor become Immich's administrator; set it back afterwards",
)
.or("false");

/// Unlike the switch above it stays `true`: after the wizard, only the administrator can use what
/// it opens.
pub(crate) const JELLYFIN_SETUP_DONE: EnvVar = EnvVar::new(
    "JELLYFIN_SETUP_DONE",
    Kind::OneOf(&["true", "false"]),
    "`true` opens the administration of Jellyfin's libraries; only after its wizard, before that anybody may use it",
)
.or("false");

pub(crate) const JELLYFIN_ADDRESS: EnvVar = EnvVar::new(
    "JELLYFIN_ADDRESS",
    Kind::Ipv4,
    "Address at which Jellyfin answers televisions without encryption and past the proxy, at port 8096; another than this host's own only after its wizard",
)
.or("127.0.0.1");

pub(crate) const JELLYFIN_GPU: EnvVar = EnvVar::new(
    "JELLYFIN_GPU",
    Kind::Path,
    "Device for hardware transcoding in Jellyfin and Immich, usually /dev/dri/renderD128; /dev/null means none",
)
.or("/dev/null");

/// 65534 is `nogroup`, which owns nothing: the default is harmless on a host without a GPU.
pub(crate) const RENDER_GID: EnvVar = EnvVar::new(
    "RENDER_GID",
    Kind::Count(1, 65_534),
    "Group that owns that device; `homelab init` finds it out",
)
.or("65534");

pub(crate) const HOMER_DIGEST: Switch = Switch::new(
    "HOMER_DIGEST",
    "With an empty value Homer follows its tag, and the profile `watchtower` replaces it without review; without this line it stays the image that was reviewed",
);

pub(crate) const HOUSE_PATH: EnvVar = EnvVar::new(
    "HOUSE_PATH",
    Kind::Path,
    "Folder of this house on the host, by which the filter in front of Docker knows what an updated service may mount; `homelab init` finds it out",
)
.or(HOST_FOLDER);
