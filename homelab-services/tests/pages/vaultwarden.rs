//! Vaultwarden: the household's passwords, for Bitwarden's clients.
//!
//! Upstream: <https://github.com/dani-garcia/vaultwarden/wiki>

use homelab_core::prelude::*;

use crate::{env, groups, images};

const NAME: ServiceName = ServiceName::new("vaultwarden");

/// Above 1024; the image's own default is 80.
const WEB: Port = Port::new(8080);

const DATA: Mount<Precious> = Volume::precious("vaultwarden", Backup::Offsite).at("/data");

/// For `/admin`, where accounts are made.
const ADMIN: Secret = Secret::random("vaultwarden-admin");

/// Accounts of its own, which only the administrator makes; clients cannot answer the proxy.
const ROUTE: Route = Route::host("passwords", WEB).login(Login::BuiltIn);

pub(crate) fn define() -> Service<App, Precious> {
    Service::app(NAME, images::VAULTWARDEN, Health::from_image())
        .route(ROUTE)
        .tile(Tile::new("Vaultwarden", groups::DATA).icon("fas fa-key").subtitle("Passwords"))
        .env("ROCKET_PORT", WEB)
        .env("DOMAIN", Text::literal("https://passwords.").and(env::DOMAIN))
        .env("SIGNUPS_ALLOWED", false)
        .secret_env("ADMIN_TOKEN_FILE", ADMIN)
        .mount(DATA)
        .tmpfs(Tmpfs::at("/tmp"))
        .memory(Memory::mib(64).up_to(Memory::mib(256)))
}
