//! FileBrowser Quantum: the maintained successor of the archived File Browser.
//!
//! Everybody whom the proxy lets in is its one administrator. Public shares and `WebDAV` stop at the
//! proxy's login, too: their visitors have no account of the house.
//!
//! Upstream: <https://filebrowserquantum.com/en/docs/>

mod config;

use homelab_core::prelude::*;

use crate::{env, groups, images, profiles};

pub(crate) use self::config::{file, schema};

const NAME: ServiceName = ServiceName::new("filebrowser");

/// Above 1024, so that it works on every engine; the image's own default is 80.
const WEB: Port = Port::new(8080);

/// Settings and shares, and the cache of previews. It is a folder of the host, because a volume
/// would belong to the image's user 1000 and not to the household's.
const STATE: Mount<Precious> =
    Bind::env(&env::FILEBROWSER_STATE_PATH, Backup::Offsite).at("/home/filebrowser/data");

const FILES: Mount<Precious> = Bind::env(&env::FILES_PATH, Backup::Offsite).at("/srv");

/// The generated configuration's place in this repository.
const CONFIG_FILE: &str = "config/filebrowser/config.yaml";

/// The folder is mounted, not the file: when a mounted file is replaced, the container still sees
/// the old one.
const CONFIG: Mount<Stateless> = Bind::config("config/filebrowser").at("/config");

/// The image's check asks on port 80.
const HEALTH: Health = Health::command(&["CMD", "curl", "-fsS", "http://localhost:8080/health"])
    .every(Duration::from_secs(30))
    .within(Duration::from_secs(5))
    .starts_within(Duration::from_secs(15));

/// At least 512 MB by upstream's README; four images at once are made smaller besides.
const MEMORY: MemoryRange = Memory::mib(512).up_to(Memory::mib(768));

pub(crate) fn define() -> Service<App, Precious> {
    Service::app(NAME, images::FILEBROWSER, HEALTH)
        .profile(profiles::FILES)
        .route(Route::host("files", WEB).login(Login::Proxy))
        .tile(Tile::new("Files", groups::DATA).icon("fas fa-folder-tree").subtitle("File explorer"))
        // Another user than the image's 1000 is not tested.
        .user(User::Variables(env::PUID, env::PGID))
        .env("TZ", env::TZ)
        .env("FILEBROWSER_CONFIG", "/config/config.yaml")
        .mount(STATE)
        .mount(FILES)
        .mount(CONFIG)
        .tmpfs(Tmpfs::at("/tmp"))
        .memory(MEMORY)
}
