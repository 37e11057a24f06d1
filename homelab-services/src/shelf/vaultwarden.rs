//! Vaultwarden: the household's passwords, for Bitwarden's clients.
//!
//! Upstream: <https://github.com/dani-garcia/vaultwarden/wiki>

use homelab_core::prelude::*;

const NAME: ServiceName = ServiceName::new("vaultwarden");

/// Above 1024, so that no capability is needed; the image's own default is 80.
const WEB: Port = Port::new(8080);

const DATA: Mount<Precious> = Volume::precious("vaultwarden", Backup::Offsite).at("/data");

/// For `/admin`, where accounts are made.
const ADMIN: Secret = Secret::random("vaultwarden-admin");

/// Makes the service at `https://<host>.<domain>`. It has accounts of its own, which only the
/// administrator makes, because its clients cannot answer the proxy.
#[track_caller]
pub fn define(image: Image, host: &'static str, domain: &EnvVar) -> Service<App, Precious> {
    Service::app(NAME, image, Health::from_image())
        .route(Route::host(host, WEB).login(Login::BuiltIn))
        .env("ROCKET_PORT", WEB)
        .env("DOMAIN", Text::literal(&format!("https://{host}.")).and(*domain))
        .env("SIGNUPS_ALLOWED", false)
        .secret_env("ADMIN_TOKEN_FILE", ADMIN)
        .mount(DATA)
        // Upstream's wiki, `Backing up your vault`.
        .sqlite("/data/db.sqlite3")
        .tmpfs(Tmpfs::at("/tmp"))
        // An estimate: upstream names no figure.
        .memory(Memory::mib(64).up_to(Memory::mib(256)))
}
