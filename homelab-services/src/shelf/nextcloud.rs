//! Nextcloud: the household's files, calendars and contacts, with its database, cache, cron and dumps.
//!
//! Upstream: <https://github.com/nextcloud/docker>. It recommends 512 MB for each process
//! (<https://docs.nextcloud.com/server/latest/admin_manual/installation/system_requirements.html>); the
//! other needs, and all limits, are estimates.

use homelab_core::dsl::role::Role;
use homelab_core::prelude::*;

const WEB: ServiceName = ServiceName::new("nextcloud");
const DB: ServiceName = ServiceName::new("nextcloud-db");
const CACHE: ServiceName = ServiceName::new("nextcloud-cache");
const CRON: ServiceName = ServiceName::new("nextcloud-cron");
const DUMPS: ServiceName = ServiceName::new("nextcloud-dumps");

const PAGE: Port = Port::new(80);

/// Name of the database and of its user.
const NAME: &str = "nextcloud";

const DB_PASSWORD: Secret = Secret::random("nextcloud-db-password");
const ROOT_PASSWORD: Secret = Secret::random("nextcloud-db-root-password");
const ADMIN_PASSWORD: Secret = Secret::random("nextcloud-admin-password");

const SHARED: &str = "cron runs the same program on the same files";

/// The program as the image unpacks it, with `config/config.php` and the apps of the household.
const PROGRAM: Mount<Precious> =
    Volume::precious("nextcloud", Backup::Offsite).shared(SHARED).at("/var/www/html");
const TABLES: Mount<Precious> = Volume::precious("nextcloud-db", Backup::Dump).at("/var/lib/mysql");

const LOCKS: Mount<Stateless> =
    Volume::scratch("nextcloud-cache", "a cache is filled again, locks end with their requests")
        .at("/data");

/// What the pages of its administration warn of where they are missing.
const DIRECTIVES: &[Directive] = &[
    Directive::redirect("/.well-known/carddav", "/remote.php/dav/"),
    Directive::redirect("/.well-known/caldav", "/remote.php/dav/"),
    Directive::header("Strict-Transport-Security", "max-age=15552000"),
];

/// Dumps at the start and every day, and keeps the dumps of seven days. A dump that fails ends the
/// container, which the engine starts again; the temporary name keeps what is not whole apart.
const DUMP: &str = r#"set -eu
umask 077
export MYSQL_PWD="$(cat /run/secrets/nextcloud-db-password)"
while true; do
  dump="/backups/nextcloud-$(date +%F).sql.gz"
  mariadb-dump --host="$MARIADB_HOST" --user=nextcloud --single-transaction --routines --triggers \
    --result-file=/backups/unfinished.sql nextcloud
  tail -n 1 /backups/unfinished.sql | grep -q '^-- Dump completed'
  gzip --force /backups/unfinished.sql
  mv /backups/unfinished.sql.gz "$dump"
  ls -1 /backups/nextcloud-*.sql.gz | head -n -7 | xargs -r rm --
  echo "dumped to $dump"
  sleep 86400 & wait $!
done"#;

/// The images, which the household pins.
#[derive(Clone, Copy, Debug)]
pub struct Images {
    /// `nextcloud`, a tag with Apache.
    pub web: Image,
    /// `mariadb`.
    pub db: Image,
    /// `valkey/valkey`.
    pub cache: Image,
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
    /// The folder of the host for everybody's files; it belongs to uid 33, `www-data` of the image.
    pub files: EnvVar,
    /// The folder of the host for the dumps of the database; it belongs to uid 999.
    pub dumps: EnvVar,
}

/// The group.
#[derive(Clone, Debug)]
pub struct Nextcloud {
    /// The application.
    pub web: Handle<App>,
    /// Its database.
    pub db: Handle<Data>,
    /// Its cache, and its locks on files.
    pub cache: Handle<Data>,
    /// What it does in the background, every five minutes.
    pub cron: Handle<Agent>,
    /// Dumps the database.
    pub dumps: Handle<Agent>,
}

/// Adds the group. `homelab init` makes the password of the administrator `admin`; afterwards choose
/// "Cron" below "Administration settings", "Basic settings".
#[track_caller]
pub fn add(stack: &mut Stack, settings: Settings) -> Nextcloud {
    let Settings { images, profile, .. } = settings;
    let db = stack.add(database(images.db).profile(profile));
    let cache = stack.add(cache(images.cache).profile(profile));
    let dumps = stack.add(dumps(&settings, &db).profile(profile));
    let web = web(&settings, stack.site().subnets);
    let web = stack.add(with_stores(web, &db, &cache).profile(profile));
    let cron = with_stores(cron(&settings), &db, &cache).uses(&web);
    let cron = stack.add(cron.profile(profile));
    Nextcloud { web, db, cache, cron, dumps }
}

/// It has accounts of its own, because its clients cannot answer the proxy.
#[track_caller]
fn web(settings: &Settings, proxies: Subnet) -> Service<App, Precious> {
    // By `localhost` it answers whatever its domain is. Before the installation has ended, and while an
    // upgrade runs, it says so here and is not healthy.
    const HEALTH: Health = Health::shell(
        "curl -fsS http://localhost/status.php | grep -q '\"installed\":true,\"maintenance\":false'",
    )
    .starts_within(Duration::from_mins(10));
    let host = Text::literal(&format!("{}.", settings.host)).and(settings.domain);
    Service::app(WEB, settings.images.web, HEALTH)
        .route(Route::host(settings.host, PAGE).login(Login::BuiltIn).with(DIRECTIVES))
        .egress("its app store, and calendars and servers of others")
        .env("NEXTCLOUD_ADMIN_USER", "admin")
        .secret_env("NEXTCLOUD_ADMIN_PASSWORD_FILE", ADMIN_PASSWORD)
        .env("NEXTCLOUD_TRUSTED_DOMAINS", host.clone())
        .env("OVERWRITEPROTOCOL", "https")
        .env("OVERWRITECLIURL", Text::literal("https://").and(host))
        .env("TRUSTED_PROXIES", proxies.to_string())
        .env("PHP_UPLOAD_LIMIT", "16G")
        .mount(PROGRAM)
        .mount(files(settings))
        .writable_root("the entry point writes PHP's settings beside those of the image")
        .capability(Capability::Chown, "the entry point gives the program to `www-data`")
        .capability(Capability::DacOverride, "the entry point writes below folders of `www-data`")
        .capability(Capability::Fowner, "the entry point sets modes of files of `www-data`")
        .capability(Capability::Setgid, "Apache's workers become `www-data`")
        .capability(Capability::Setuid, "Apache's workers become `www-data`")
        .memory(Memory::mib(512).up_to(Memory::gib(2)))
        .cpus(Cpus::cores(2))
        .pids(512)
        .stops_within(Duration::from_secs(30))
}

/// The image's script for this purpose, beside the application and on the same files.
#[track_caller]
fn cron(settings: &Settings) -> Service<Agent, Precious> {
    Service::agent(
        CRON,
        settings.images.web,
        Health::unprobed("its program has no state to ask for"),
    )
    .entrypoint(&["/cron.sh"])
    .egress("it looks for mail, news and updates in the background")
    .mount(PROGRAM)
    .mount(files(settings))
    .writable_root("crond writes where the image keeps its tables; read-only was not tried")
    .capability(Capability::Setgid, "crond becomes `www-data`")
    .capability(Capability::Setuid, "crond becomes `www-data`")
    .memory(Memory::mib(256).up_to(Memory::gib(1)))
}

/// What the application and cron are told of database and cache.
fn with_stores<R: Role>(
    service: Service<R, Precious>,
    db: &Handle<Data>,
    cache: &Handle<Data>,
) -> Service<R, Precious> {
    service
        .uses(db)
        .uses(cache)
        .env("MYSQL_HOST", db.host())
        .env("MYSQL_DATABASE", NAME)
        .env("MYSQL_USER", NAME)
        .secret_env("MYSQL_PASSWORD_FILE", DB_PASSWORD)
        .env("REDIS_HOST", cache.host())
        .env("PHP_MEMORY_LIMIT", "512M")
}

fn files(settings: &Settings) -> Mount<Precious> {
    Bind::env(&settings.files, Backup::Offsite).shared(SHARED).at("/var/www/html/data")
}

/// With the isolation that upstream's compose file asks for.
#[track_caller]
fn database(image: Image) -> Service<Data, Precious> {
    const HEALTH: Health =
        Health::command(&["CMD", "healthcheck.sh", "--connect", "--innodb_initialized"])
            .every(Duration::from_secs(10))
            .starts_within(Duration::from_mins(2));
    Service::data(DB, image, HEALTH)
        .command(&["--transaction-isolation=READ-COMMITTED"])
        .env("MARIADB_DATABASE", NAME)
        .env("MARIADB_USER", NAME)
        .secret_env("MARIADB_PASSWORD_FILE", DB_PASSWORD)
        .secret_env("MARIADB_ROOT_PASSWORD_FILE", ROOT_PASSWORD)
        // So that an upgrade of the image upgrades the system tables.
        .env("MARIADB_AUTO_UPGRADE", 1)
        .mariadb(NAME)
        .mount(TABLES)
        .tmpfs(Tmpfs::at("/run/mysqld"))
        .tmpfs(Tmpfs::at("/tmp"))
        .writable_root("a read-only root was not tried with this image")
        .capability(Capability::Chown, "the entry point gives the data folder to its user")
        .capability(Capability::DacOverride, "the entry point enters that folder as root")
        .capability(Capability::Setgid, "the entry point becomes another user")
        .capability(Capability::Setuid, "the entry point becomes another user")
        .memory(Memory::mib(256).up_to(Memory::gib(1)))
        .pids(256)
        .stops_within(Duration::from_mins(1))
}

#[track_caller]
fn cache(image: Image) -> Service<Data> {
    const HEALTH: Health = Health::shell("valkey-cli ping | grep -q PONG")
        .every(Duration::from_secs(10))
        .starts_within(Duration::from_secs(10));
    Service::data(CACHE, image, HEALTH)
        .user(User::Ids(999, 999))
        .mount(LOCKS)
        .memory(Memory::mib(32).up_to(Memory::mib(256)))
        .stops_within(Duration::from_secs(30))
}

#[track_caller]
fn dumps(settings: &Settings, db: &Handle<Data>) -> Service<Agent, Precious> {
    const HEALTH: Health =
        Health::shell("find /backups -name 'nextcloud-*.sql.gz' -mmin -1560 | grep -q .")
            .starts_within(Duration::from_mins(10));
    Service::agent(DUMPS, settings.images.db, HEALTH)
        .dumps(db)
        .user(User::Ids(999, 999))
        .entrypoint(&["/bin/bash", "-c", DUMP, "dump"])
        .env("MARIADB_HOST", db.host())
        .secret(DB_PASSWORD)
        .mount(Bind::env(&settings.dumps, Backup::Offsite).at("/backups"))
        // The image declares a volume here.
        .tmpfs(Tmpfs::at("/var/lib/mysql"))
        .tmpfs(Tmpfs::at("/run/mysqld"))
        .tmpfs(Tmpfs::at("/tmp"))
        .memory(Memory::mib(64).up_to(Memory::mib(256)))
        .stops_within(Duration::from_secs(10))
}
