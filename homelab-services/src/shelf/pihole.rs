//! Pi-hole: DNS for the household without advertisements, as a machine of its network.
//!
//! There it has port 53 to itself, and sees who asks. The host cannot reach it at that address, so
//! the host's own resolver stays what it is. Its upstream resolvers are chosen in its panel; until then
//! they are Google's.
//!
//! Upstream: <https://docs.pi-hole.net/docker/>. It names no figure for memory: need and limit are
//! estimates.

use homelab_core::prelude::*;

const NAME: ServiceName = ServiceName::new("pihole");

const WEB: Port = Port::new(80);

const DATA: Mount<Precious> = Volume::precious("pihole", Backup::Offsite).at("/etc/pihole");

/// Of the panel.
const PASSWORD: Secret = Secret::random("pihole-password");

/// Makes the service on the macvlan network `lan`, with its panel at `https://<host>.<domain>/admin`
/// and its own password. It asks upstream by that network, too.
///
/// Its resolver runs as root: the image would give it the capabilities of another user by the file,
/// which `no-new-privileges` forbids. That these capabilities suffice is read in its scripts, and was
/// not tried.
#[track_caller]
pub fn define(
    image: Image,
    host: &'static str,
    lan: Network,
    address: &EnvVar,
) -> Service<App, Precious> {
    Service::app(NAME, image, Health::from_image().starts_within(Duration::from_mins(2)))
        .route(Route::host(host, WEB).login(Login::BuiltIn))
        .ipv4_address(lan, address, "the household's devices ask it for names")
        .egress("asks upstream resolvers and downloads block lists")
        .env("DNSMASQ_USER", "root")
        .secret(PASSWORD)
        // The image wants the name of a file in `/run/secrets`.
        .env("WEBPASSWORD_FILE", PASSWORD.name())
        .mount(DATA)
        .capability(Capability::NetBindService, "port 53")
        .capability(Capability::Chown, "it gives files to the user `pihole` at the start")
        .capability(Capability::DacOverride, "it writes to files of the user `pihole`")
        .capability(Capability::Fowner, "it changes the modes of those files")
        .capability(Capability::Setgid, "its script starts the resolver by `capsh --user`")
        .capability(Capability::Setuid, "its script starts the resolver by `capsh --user`")
        .writable_root("it changes its crontab and its program's attributes at the start")
        .memory(Memory::mib(192).up_to(Memory::mib(512)))
}
