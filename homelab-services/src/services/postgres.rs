//! PostgreSQL for Immich, in the image that carries the vector extension Immich needs.
//!
//! Its entry point logs harmless lines about modes that it may not change, because it gets no
//! `FOWNER`.
//!
//! Upstream: <https://github.com/immich-app/base-images/tree/main/postgres>

use homelab_core::prelude::*;

use crate::{images, networks, profiles};

const NAME: ServiceName = ServiceName::new("postgres");

const DATA: Mount<Precious> =
    Volume::precious("postgres", Backup::Dump).at("/var/lib/postgresql/data");

const PASSWORD: Secret = Secret::random("immich-db-password");

/// The superuser: dumps and restores need one, and nobody else uses this server.
const USER: &str = "postgres";
const DATABASE: &str = "immich";

/// The check uses TCP, because the temporary server that fills an empty database listens only on
/// the local socket and must not count as healthy. It runs every 10 s instead of the image's 5
/// minutes.
const HEALTH: Health =
    Health::command(&["CMD", "pg_isready", "-h", "127.0.0.1", "-U", USER, "-d", DATABASE])
        .every(Duration::from_secs(10))
        .within(Duration::from_secs(5))
        .retries(6)
        .starts_within(Duration::from_mins(2));

/// For a host of 12 GB on which the server gets 2: the first flag keeps the image's own
/// configuration, which preloads the vector extension; the rest overrides it.
const COMMAND: &[&str] = &[
    "postgres",
    "-c",
    "config_file=/etc/postgresql/postgresql.conf",
    "-c",
    "shared_buffers=512MB",
    "-c",
    "effective_cache_size=1GB",
    "-c",
    "maintenance_work_mem=256MB",
    "-c",
    "max_wal_size=2GB",
    "-c",
    "max_connections=60",
];

/// Upstream asks for 2 GB or more where there is a limit, and the sizes above are made for them.
const MEMORY: MemoryRange = Memory::gib(2).up_to(Memory::gib(2));

pub(crate) fn define() -> Service<Data, Precious> {
    Service::data(NAME, images::POSTGRES, HEALTH)
        .profile(profiles::PHOTOS)
        .on(networks::BACKEND)
        .command(COMMAND)
        .env("POSTGRES_USER", USER)
        .env("POSTGRES_DB", DATABASE)
        .env("POSTGRES_INITDB_ARGS", "--data-checksums")
        .env("DB_STORAGE_TYPE", "SSD")
        .secret_env("POSTGRES_PASSWORD_FILE", PASSWORD)
        .postgres(USER, DATABASE)
        .mount(DATA)
        .tmpfs(Tmpfs::at("/etc/postgresql"))
        .tmpfs(Tmpfs::at("/var/run/postgresql"))
        .tmpfs(Tmpfs::at("/tmp"))
        .capability(Capability::Chown, "the entry point gives the data folder to uid 999")
        .capability(Capability::DacOverride, "the entry point enters that folder as root")
        .capability(Capability::Setgid, "the entry point becomes uid 999")
        .capability(Capability::Setuid, "the entry point becomes uid 999")
        .shared_memory(Memory::mib(128))
        .memory(MEMORY)
        .cpus(Cpus::cores(2))
        // Upstream advises 90 s or more for a clean shutdown.
        .stops_within(Duration::from_mins(2))
        .accept(
            "end-of-life",
            "ghcr.io/immich-app/postgres",
            "Immich's own compose file still ships 14; a later major needs a dump and a restore",
        )
}

/// The database with everything that its users need: its address, the user's name, and the
/// password's file.
pub(crate) struct Database {
    pub(crate) server: Handle<Data>,
    pub(crate) name: &'static str,
    pub(crate) user: &'static str,
    pub(crate) password: Secret,
}

impl Database {
    /// Immich's database on this server.
    pub(crate) fn immich(server: Handle<Data>) -> Self {
        Self { server, name: DATABASE, user: USER, password: PASSWORD }
    }
}

impl Connect for Database {
    fn connect(&self, wiring: &mut Wiring<'_>) {
        wiring.service(&self.server);
        wiring.secret(self.password);
    }
}
