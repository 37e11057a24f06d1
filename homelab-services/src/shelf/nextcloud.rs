//! Nextcloud: the household's files, calendars and contacts, with its database, cache, jobs and dumps.
//!
//! By hand: `docker compose exec --user www-data nextcloud php occ background:cron` once, and after a
//! change of the domain `php occ config:system:set trusted_domains 1 --value=<host>`. The image moves by
//! one major version at a time. A dump of a night is loaded into the empty database: `gunzip`, then
//! `mariadb`.
//!
//! Upstream: <https://github.com/nextcloud/docker>, <https://docs.nextcloud.com/server/latest/admin_manual/>.
//! 512 MB are recommended for each process of PHP
//! (<https://docs.nextcloud.com/server/latest/admin_manual/installation/system_requirements.html>);
//! all other needs and limits are estimates.

mod database;

use homelab_core::prelude::*;

use self::database::PASSWORD;
use super::valkey;

const WEB: ServiceName = ServiceName::new("nextcloud");
const CRON: ServiceName = ServiceName::new("nextcloud-cron");
const CACHE: ServiceName = ServiceName::new("nextcloud-cache");

const PAGE: Port = Port::new(80);

/// Of the administrator `admin`.
const ADMIN_PASSWORD: Secret = Secret::random("nextcloud-admin-password");

const BOTH: &str = "jobs work on the same program, settings and files as the pages";

/// The program, its settings and the household's apps.
const PROGRAM: Mount<Precious> =
    Volume::precious("nextcloud", Backup::Offsite).shared(BOTH).at("/var/www/html");
const SESSIONS: Volume<Stateless> =
    Volume::scratch("nextcloud-cache", "who was logged in logs in again");

/// Where clients look for calendars and contacts; and a year in which browsers use HTTPS alone.
const SITE: &[Directive] = &[
    Directive::redirect("/.well-known/carddav", "/remote.php/dav/"),
    Directive::redirect("/.well-known/caldav", "/remote.php/dav/"),
    Directive::header("Strict-Transport-Security", "max-age=31536000"),
    Directive::max_body_mib(16 * 1024),
];

/// Largest upload in one piece, for PHP as for the proxy.
const UPLOAD: &str = "16G";

/// The images, which the household pins.
#[derive(Clone, Copy, Debug)]
pub struct Images {
    /// `nextcloud`, a tag with Apache.
    pub web: Image,
    /// `mariadb`, a version that upstream's system requirements name.
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
    /// The folder of the host for the household's files; it belongs to user 33 (`www-data`).
    pub files: EnvVar,
    /// The folder of the host for the dumps of the database; it belongs to user 999.
    pub dumps: EnvVar,
}

/// The group.
#[derive(Clone, Debug)]
pub struct Nextcloud {
    /// The application.
    pub web: Handle<App>,
    /// Its jobs.
    pub cron: Handle<Agent>,
    /// Its database.
    pub db: Handle<Data>,
    /// Its locks and sessions.
    pub cache: Handle<Data>,
    /// Dumps the database.
    pub dumps: Handle<Agent>,
}

/// Adds the group. `homelab init` makes the password of the administrator `admin`.
#[track_caller]
pub fn add(stack: &mut Stack, settings: Settings) -> Nextcloud {
    let Settings { images, profile, .. } = settings;
    let db = stack.add(database::server(images.db).profile(profile));
    let cache = stack.add(valkey::define(CACHE, images.cache, SESSIONS).profile(profile));
    let dumps = stack.add(database::dumps(images.db, &settings.dumps, &db).profile(profile));
    let proxies = stack.site().subnets.to_string();
    let web = configured(web(&settings, &db), &settings, &proxies, &db, &cache);
    let web = stack.add(web.profile(profile));
    // The pages set the program up before the jobs run.
    let cron = configured(cron(images.web), &settings, &proxies, &db, &cache).uses(&web);
    let cron = stack.add(cron.profile(profile));
    Nextcloud { web, cron, db, cache, dumps }
}

/// Clients cannot answer the proxy, so its own accounts guard it.
#[track_caller]
fn web(settings: &Settings, db: &Handle<Data>) -> Service<App> {
    // 400 where the host is not trusted, which `localhost` is.
    const HEALTH: Health =
        Health::shell("curl -fsS http://localhost/status.php | grep -q '\"installed\":true'")
            .starts_within(Duration::from_mins(10));
    Service::app(WEB, settings.images.web, HEALTH)
        .route(Route::host(settings.host, PAGE).login(Login::BuiltIn).with(SITE))
        .env("NEXTCLOUD_TRUSTED_DOMAINS", host(settings))
        .env("MYSQL_HOST", db.host())
        .env("MYSQL_DATABASE", database::NAME)
        .env("MYSQL_USER", database::NAME)
        .secret_env("MYSQL_PASSWORD_FILE", PASSWORD)
        .env("NEXTCLOUD_ADMIN_USER", "admin")
        .secret_env("NEXTCLOUD_ADMIN_PASSWORD_FILE", ADMIN_PASSWORD)
        // 1 GiB is Apache's own limit.
        .env("APACHE_BODY_LIMIT", 0)
        .capability(Capability::AuditWrite, "the entry point's `su` writes to the log of logins")
        .capability(Capability::Chown, "the entry point gives the program to its user")
        .capability(Capability::DacOverride, "the entry point writes to that user's folders")
        .capability(Capability::Fowner, "the entry point sets the mode of that user's files")
        .capability(Capability::NetBindService, "ports below 1024, on engines that guard them")
        .memory(Memory::mib(512).up_to(Memory::gib(2)))
        .cpus(Cpus::cores(2))
        .pids(512)
}

#[track_caller]
fn cron(image: Image) -> Service<Agent> {
    Service::agent(
        CRON,
        image,
        Health::unprobed("it listens nowhere: the settings say when it ran"),
    )
    .entrypoint(&["/cron.sh"])
    // A job has PHP's own limit.
    .memory(Memory::mib(128).up_to(Memory::gib(1)))
}

/// Adds what pages and jobs have in common: the settings read these variables at every call.
fn configured<R: homelab_core::dsl::service::Role>(
    service: Service<R>,
    settings: &Settings,
    proxies: &str,
    db: &Handle<Data>,
    cache: &Handle<Data>,
) -> Service<R, Precious> {
    service
        .uses(db)
        .uses(cache)
        .egress("fetches apps, asks for new versions and for calendars of others")
        .env("REDIS_HOST", cache.host())
        .env("OVERWRITEPROTOCOL", "https")
        .env("OVERWRITECLIURL", Text::literal("https://").and(host(settings)))
        // Of these networks only the proxy asks it for pages.
        .env("TRUSTED_PROXIES", proxies)
        .env("PHP_UPLOAD_LIMIT", UPLOAD)
        .mount(PROGRAM)
        .mount(Bind::env(&settings.files, Backup::Offsite).shared(BOTH).at("/var/www/html/data"))
        .tmpfs(Tmpfs::at("/tmp"))
        .capability(Capability::Setgid, "it becomes `www-data`")
        .capability(Capability::Setuid, "it becomes `www-data`")
        .writable_root("the entry point writes PHP's settings; read-only was not tried")
}

/// Returns its host name.
fn host(settings: &Settings) -> Text {
    Text::literal(&format!("{}.", settings.host)).and(settings.domain)
}
