//! Immich server: the photo and video library's web UI and API.
//!
//! Upstream: <https://docs.immich.app/install/environment-variables>

use homelab_core::prelude::*;

use crate::services::immich_machine_learning;
use crate::services::postgres::Database;
use crate::{env, groups, images, networks, profiles};

const NAME: ServiceName = ServiceName::new("immich-server");

/// Web UI and API; upstream's default.
const WEB: Port = Port::new(2283);

const LIBRARY: Mount<Precious> = Bind::env(&env::IMMICH_LIBRARY_PATH, Backup::Offsite).at("/data");

/// Folders of its own, which it never changes: an external library in its words.
const EXTERNAL: Mount<Stateless> = Bind::env_read_only(&env::IMMICH_EXTERNAL_PATH).at("/external");

/// It has its own accounts, because its phone apps cannot answer when the proxy asks for a
/// password. `IMMICH_ALLOW_SETUP` decides once who becomes the administrator.
const ROUTE: Route = Route::host("photos", WEB).login(Login::BuiltIn);

/// The owner of the household's files; upstream's rootless example runs as 1000.
const OWNER: User = User::Variables(env::PUID, env::PGID);

/// The image's check, with time for the database migrations of a new version.
const HEALTH: Health = Health::from_image().starts_within(Duration::from_mins(3));

/// 450 MB with a single photo (immich#24700). Previews and ffmpeg run inside, and the kernel has
/// killed it at previews (immich#27750); households stop it at 3 to 4 GiB.
const MEMORY: MemoryRange = Memory::gib(1).up_to(Memory::gib(3));

pub(crate) fn define(
    db: &Database,
    cache: &Handle<Data>,
    machine_learning: &Handle<Agent>,
) -> Service<App, Precious> {
    Service::app(NAME, images::IMMICH_SERVER, HEALTH)
        .profile(profiles::PHOTOS)
        .on(networks::BACKEND)
        .uses(db)
        .uses(cache)
        // It works without machine learning, which may be switched off.
        .knows(machine_learning)
        .route(ROUTE)
        .tile(
            Tile::new("Immich", groups::MEDIA).icon("fas fa-images").subtitle("Photos and videos"),
        )
        .user(OWNER)
        // The one that Jellyfin uses; its settings for videos choose whether it does, too.
        .device(&env::JELLYFIN_GPU, "/dev/dri/renderD128")
        .group(&env::RENDER_GID)
        .env("TZ", env::TZ)
        .env("DB_HOSTNAME", db.server.host())
        .env("DB_USERNAME", db.user)
        .env("DB_DATABASE_NAME", db.name)
        .secret_env("DB_PASSWORD_FILE", db.password)
        .env("REDIS_HOSTNAME", cache.host())
        .env(
            "IMMICH_MACHINE_LEARNING_URL",
            machine_learning.url("http", immich_machine_learning::API),
        )
        // Only the word `false` switches machine learning off, and Compose cannot make that word
        // from a number. So one of two environment files sets it.
        .env_file("config/immich/machine-learning-", &env::IMMICH_ML)
        .env("IMMICH_ALLOW_SETUP", env::IMMICH_ALLOW_SETUP)
        .mount(LIBRARY)
        .mount(EXTERNAL)
        .tmpfs(Tmpfs::at("/tmp"))
        // On a real engine this folder belonged to root, whatever its mode.
        .tmpfs(Tmpfs::at("/run").owned_by(OWNER))
        .memory(MEMORY)
        .cpus(Cpus::cores(2))
        .pids(512)
        .stops_within(Duration::from_mins(1))
}
