//! Paperless-ngx: the household's documents, with its database, queue, converters and dumps.
//!
//! Upstream: <https://docs.paperless-ngx.com/setup/#docker>. It names no figures for memory: needs
//! and limits are estimates.

use homelab_core::prelude::*;

use super::valkey;

const WEB: ServiceName = ServiceName::new("paperless");
const DB: ServiceName = ServiceName::new("paperless-db");
const QUEUE: ServiceName = ServiceName::new("paperless-queue");
const GOTENBERG: ServiceName = ServiceName::new("paperless-gotenberg");
const TIKA: ServiceName = ServiceName::new("paperless-tika");
const DUMPS: ServiceName = ServiceName::new("paperless-dumps");

const PAGE: Port = Port::new(8000);
const CONVERT: Port = Port::new(3000);
const EXTRACT: Port = Port::new(9998);

/// Name of the database and of its superuser.
const NAME: &str = "paperless";

const DB_PASSWORD: Secret = Secret::random("paperless-db-password");
const ADMIN_PASSWORD: Secret = Secret::random("paperless-admin-password");
/// Signs sessions.
const SIGNING_KEY: Secret = Secret::random("paperless-secret-key");

/// The search index and the model that sorts documents.
const INDEX: Mount<Precious> =
    Volume::precious("paperless-data", Backup::Offsite).at("/usr/src/paperless/data");
/// The documents.
const DOCUMENTS: Mount<Precious> =
    Volume::precious("paperless-media", Backup::Offsite).at("/usr/src/paperless/media");
const EXPORT: Mount<Stateless> =
    Volume::scratch("paperless-export", "exports are made again").at("/usr/src/paperless/export");
/// From PostgreSQL 18 on the image keeps its data one folder higher than before.
const TABLES: Mount<Precious> =
    Volume::precious("paperless-db", Backup::Dump).at("/var/lib/postgresql");
const JOBS: Volume<Stateless> =
    Volume::scratch("paperless-queue", "a document that was not read is put in again");

/// The images, which the household pins.
#[derive(Clone, Copy, Debug)]
pub struct Images {
    /// `ghcr.io/paperless-ngx/paperless-ngx`.
    pub web: Image,
    /// `postgres`, 18.
    pub db: Image,
    /// `valkey/valkey`.
    pub queue: Image,
    /// `gotenberg/gotenberg`.
    pub gotenberg: Image,
    /// `apache/tika`.
    pub tika: Image,
    /// `prodrigestivill/postgres-backup-local`, with the major version of `db`.
    pub dumps: Image,
}

/// What the household decides.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The images.
    pub images: Images,
    /// The host name before the domain.
    pub host: &'static str,
    /// The domain.
    pub domain: EnvVar,
    /// The profile of the whole group; none means that it always runs.
    pub profile: Option<Profile>,
    /// The folder of the host whose documents are read and removed.
    pub inbox: EnvVar,
    /// The folder of the host for the dumps of the database.
    pub dumps: EnvVar,
}

/// The group.
#[derive(Clone, Debug)]
pub struct Paperless {
    /// The application.
    pub web: Handle<App>,
    /// Its database.
    pub db: Handle<Data>,
    /// Its queue.
    pub queue: Handle<Data>,
    /// Makes PDFs of mails and office documents.
    pub gotenberg: Handle<Agent>,
    /// Reads the text of office documents.
    pub tika: Handle<Agent>,
    /// Dumps the database.
    pub dumps: Handle<Agent>,
}

/// Adds the group. `homelab init` makes the password of the administrator `admin`.
#[track_caller]
pub fn add(stack: &mut Stack, settings: Settings) -> Paperless {
    let Settings { images, profile, .. } = settings;
    let db = stack.add(database(images.db).profile(profile));
    let queue = stack.add(valkey::define(QUEUE, images.queue, JOBS).profile(profile));
    let gotenberg = stack.add(gotenberg(images.gotenberg).profile(profile));
    let tika = stack.add(tika(images.tika).profile(profile));
    let dumps = stack.add(dumps(&settings, &db).profile(profile));
    let web = web(&settings).uses(&db).uses(&queue).uses(&gotenberg).uses(&tika);
    let web = web
        .env("PAPERLESS_DBHOST", db.host())
        .env("PAPERLESS_REDIS", queue.url("redis", Port::new(6379)))
        .env("PAPERLESS_TIKA_GOTENBERG_ENDPOINT", gotenberg.url("http", CONVERT))
        .env("PAPERLESS_TIKA_ENDPOINT", tika.url("http", EXTRACT));
    let web = stack.add(web.profile(profile));
    Paperless { web, db, queue, gotenberg, tika, dumps }
}

/// It has accounts of its own, because its phone apps cannot answer the proxy.
#[track_caller]
fn web(settings: &Settings) -> Service<App, Precious> {
    let url = Text::literal(&format!("https://{}.", settings.host)).and(settings.domain);
    Service::app(
        WEB,
        settings.images.web,
        Health::from_image().starts_within(Duration::from_mins(5)),
    )
    .route(Route::host(settings.host, PAGE).login(Login::BuiltIn))
    .user(User::Ids(1000, 1000))
    .env("PAPERLESS_URL", url)
    .env("PAPERLESS_DBENGINE", "postgresql")
    .env("PAPERLESS_DBNAME", NAME)
    .env("PAPERLESS_DBUSER", NAME)
    .secret_env("PAPERLESS_DBPASS_FILE", DB_PASSWORD)
    .secret_env("PAPERLESS_SECRET_KEY_FILE", SIGNING_KEY)
    .env("PAPERLESS_ADMIN_USER", "admin")
    .secret_env("PAPERLESS_ADMIN_PASSWORD_FILE", ADMIN_PASSWORD)
    .env("PAPERLESS_TIKA_ENABLED", 1)
    .mount(INDEX)
    .mount(DOCUMENTS)
    .mount(EXPORT)
    .mount(Bind::env(&settings.inbox, Backup::Offsite).at("/usr/src/paperless/consume"))
    .writable_root("upstream's switch for a read-only root was not tried with this image")
    .memory(Memory::mib(768).up_to(Memory::gib(2)))
    .cpus(Cpus::cores(2))
    .pids(512)
}

#[track_caller]
fn database(image: Image) -> Service<Data, Precious> {
    const HEALTH: Health =
        Health::command(&["CMD", "pg_isready", "-h", "127.0.0.1", "-U", NAME, "-d", NAME])
            .every(Duration::from_secs(10))
            .starts_within(Duration::from_mins(2));
    Service::data(DB, image, HEALTH)
        .env("POSTGRES_USER", NAME)
        .env("POSTGRES_DB", NAME)
        .secret_env("POSTGRES_PASSWORD_FILE", DB_PASSWORD)
        .postgres(NAME, NAME)
        .mount(TABLES)
        .tmpfs(Tmpfs::at("/var/run/postgresql"))
        .tmpfs(Tmpfs::at("/tmp"))
        .capability(Capability::Chown, "the entry point gives the data folder to its user")
        .capability(Capability::DacOverride, "the entry point enters that folder as root")
        .capability(Capability::Fowner, "the entry point sets that folder's mode")
        .capability(Capability::Setgid, "the entry point becomes another user")
        .capability(Capability::Setuid, "the entry point becomes another user")
        .memory(Memory::mib(128).up_to(Memory::mib(512)))
        .stops_within(Duration::from_mins(1))
}

/// As upstream's compose file runs it: mails must neither run scripts nor fetch anything.
#[track_caller]
fn gotenberg(image: Image) -> Service<Agent> {
    const HEALTH: Health =
        Health::command(&["CMD", "curl", "-fsS", "http://localhost:3000/health"])
            .starts_within(Duration::from_mins(1));
    Service::agent(GOTENBERG, image, HEALTH)
        .command(&[
            "gotenberg",
            "--chromium-disable-javascript=true",
            "--chromium-allow-list=file:///tmp/.*",
        ])
        .writable_root("LibreOffice and Chromium write to their home; read-only was not tried")
        .memory(Memory::mib(256).up_to(Memory::gib(1)))
        .pids(512)
}

#[track_caller]
fn tika(image: Image) -> Service<Agent> {
    const HEALTH: Health =
        Health::command(&["CMD", "wget", "-q", "-O", "/dev/null", "http://localhost:9998/version"])
            .starts_within(Duration::from_mins(1));
    Service::agent(TIKA, image, HEALTH)
        .tmpfs(Tmpfs::at("/tmp"))
        .memory(Memory::mib(512).up_to(Memory::gib(1)))
}

#[track_caller]
fn dumps(settings: &Settings, db: &Handle<Data>) -> Service<Agent, Precious> {
    Service::agent(DUMPS, settings.images.dumps, Health::from_image())
        .dumps(db)
        .user(User::Ids(999, 999))
        .env("SCHEDULE", "@daily")
        .env("BACKUP_ON_START", "TRUE")
        .env("POSTGRES_HOST", db.host())
        .env("POSTGRES_DB", NAME)
        .env("POSTGRES_USER", NAME)
        .secret_env("POSTGRES_PASSWORD_FILE", DB_PASSWORD)
        .env("POSTGRES_EXTRA_OPTS", "-Z1 --clean --if-exists")
        .mount(Bind::env(&settings.dumps, Backup::Offsite).at("/backups"))
        // The image is based on PostgreSQL's, which declares a volume here.
        .tmpfs(Tmpfs::at("/var/lib/postgresql/data"))
        .memory(Memory::mib(32).up_to(Memory::mib(256)))
}
