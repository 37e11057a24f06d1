//! Forgejo: the household's repositories, at one public host name.
//!
//! Git works over HTTPS with tokens; the image's SSH server is not started. By hand: make the
//! administrator on the host with `docker compose exec --user git forgejo forgejo admin user create
//! --admin --random-password --username <name> --email <address>`. Further accounts are made there or
//! by the administrator.
//!
//! Upstream: <https://forgejo.org/docs/latest/admin/installation/docker/>,
//! <https://forgejo.org/docs/latest/admin/config-cheat-sheet/>. No figure for memory was found there:
//! need and limit are estimates.

use homelab_core::prelude::*;

const NAME: ServiceName = ServiceName::new("forgejo");

const WEB: Port = Port::new(3000);

const DATA: Mount<Precious> = Volume::precious("forgejo", Backup::Offsite).at("/data");

/// Encrypts what it keeps of other services' passwords. Without one it takes that of its source.
const SIGNING_KEY: Secret = Secret::random("forgejo-secret-key");

/// Not [`Login::BuiltIn`], because the image without these variables asks its first visitor.
const PUBLIC: Login = Login::Open {
    because: "a public site with accounts: its installer is locked, and nobody registers there",
};

const HEALTH: Health =
    Health::command(&["CMD", "curl", "-fsS", "http://localhost:3000/api/healthz"])
        .starts_within(Duration::from_mins(5));

/// Makes the service at `https://<host>`, a whole host name with an issuer of certificates that
/// browsers everywhere trust. It knows one address of itself, so it is served at no other.
#[track_caller]
pub fn define(image: Image, host: EnvVar, tls: EnvVar) -> Service<App, Precious> {
    Service::app(NAME, image, HEALTH)
        .route(Route::at(Domain::new(host, tls), WEB).login(PUBLIC))
        .egress("mirrors repositories of others")
        // The image's own command starts an SSH server, too.
        .command(&["sh", "-c", "cd /etc/s6/gitea && exec ./run"])
        .env("FORGEJO__server__ROOT_URL", Text::literal("https://").and(host).and("/"))
        .env("FORGEJO__server__DISABLE_SSH", true)
        .env("FORGEJO__security__INSTALL_LOCK", true)
        .secret_env("FORGEJO__security__SECRET_KEY__FILE", SIGNING_KEY)
        .env("FORGEJO__service__DISABLE_REGISTRATION", true)
        .mount(DATA)
        // `docker/root/etc/templates/app.ini` names it; repositories lie beside it.
        .sqlite("/data/gitea/gitea.db")
        .tmpfs(Tmpfs::at("/tmp"))
        .capability(Capability::Chown, "the entry point gives the data to its user")
        .capability(Capability::DacOverride, "the entry point writes to that user's folders")
        .capability(Capability::Fowner, "the entry point sets the mode of that user's folders")
        .capability(Capability::Setgid, "the entry point becomes another user")
        .capability(Capability::Setuid, "the entry point becomes another user")
        .writable_root("the entry point gives the program's folder to its user")
        .memory(Memory::mib(256).up_to(Memory::gib(1)))
        .pids(512)
        .stops_within(Duration::from_mins(1))
}
