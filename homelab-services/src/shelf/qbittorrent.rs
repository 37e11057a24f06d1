//! qBittorrent behind a VPN: what the client sends leaves through Gluetun, or not at all.
//!
//! Upstream: <https://github.com/qdm12/gluetun-wiki>, <https://docs.linuxserver.io/images/docker-qbittorrent/>.
//! They name no figures for memory: needs and limits are estimates.

use homelab_core::prelude::*;

const VPN: ServiceName = ServiceName::new("gluetun");
const CLIENT: ServiceName = ServiceName::new("qbittorrent");

const WEB: Port = Port::new(8080);

/// The household has it from its provider.
const KEY: Secret =
    Secret::given("vpn-private-key", "the WireGuard private key that the VPN's provider shows");

const SERVERS: Mount<Stateless> =
    Volume::scratch("gluetun", "the list of the provider's servers is fetched again")
        .at("/gluetun");
const SETTINGS: Mount<Precious> = Volume::precious("qbittorrent", Backup::Offsite).at("/config");

/// What the household decides.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// `qmcgaw/gluetun`.
    pub vpn: Image,
    /// `lscr.io/linuxserver/qbittorrent`.
    pub client: Image,
    /// The provider's name, as Gluetun spells it.
    pub provider: &'static str,
    /// The addresses of this client in the VPN, which the provider shows with the key.
    pub addresses: EnvVar,
    /// The folder of the host for downloads.
    pub downloads: EnvVar,
    /// User and group who own that folder.
    pub owner: User,
}

/// The pair.
#[derive(Clone, Debug)]
pub struct Downloads {
    /// The VPN, whose network the client has.
    pub vpn: Handle<Agent>,
    /// The client.
    pub client: Handle<App>,
}

/// Adds the pair; the client is at `https://downloads.<domain>`, behind the proxy's login.
#[track_caller]
pub fn add(stack: &mut Stack, settings: Settings) -> Downloads {
    let vpn = stack.add(vpn(&settings));
    let client = client(&settings).through(&vpn);
    Downloads { vpn, client: stack.add(client) }
}

#[track_caller]
fn vpn(settings: &Settings) -> Service<Agent> {
    Service::agent(VPN, settings.vpn, Health::from_image().starts_within(Duration::from_mins(2)))
        .egress("reaches the VPN's servers")
        .capability(Capability::NetAdmin, "it makes the tunnel and the firewall around it")
        .own_device_at("/dev/net/tun", "the tunnel")
        .env("VPN_SERVICE_PROVIDER", settings.provider)
        .env("VPN_TYPE", "wireguard")
        .env("WIREGUARD_ADDRESSES", Text::literal("").and(settings.addresses).and("/32"))
        .secret_env("WIREGUARD_PRIVATE_KEY_SECRETFILE", KEY)
        // The proxy asks the client's panel over a network of the two.
        .env("FIREWALL_INPUT_PORTS", WEB)
        .mount(SERVERS)
        .accept("data-mounted", "/gluetun", "the list is fetched again")
        .writable_root("it writes the resolver's settings; read-only was not tried")
        .memory(Memory::mib(64).up_to(Memory::mib(256)))
}

#[track_caller]
fn client(settings: &Settings) -> Service<App, Precious> {
    const HEALTH: Health = Health::command(&["CMD", "curl", "-fsS", "http://localhost:8080/"])
        .starts_within(Duration::from_mins(1));
    Service::app(CLIENT, settings.client, HEALTH)
        .route(Route::host("downloads", WEB))
        .user(settings.owner)
        .env("WEBUI_PORT", WEB)
        .mount(SETTINGS)
        .mount(Bind::env_scratch(&settings.downloads, "they can be fetched again").at("/downloads"))
        .tmpfs(Tmpfs::at("/tmp"))
        .writable_root("the init of its image writes there; read-only was not tried")
        .memory(Memory::mib(256).up_to(Memory::gib(1)))
        .stops_within(Duration::from_mins(1))
}
