//! Every application of the shelf, as a household would add it.

use homelab_core::prelude::{
    Capability, ContextFile, EnvVar, Image, Kind, Macvlan, Memory, Network, Nvidia, Site, Stack,
    User,
};
use homelab_core::testing;
use homelab_services::shelf;

const DOMAIN: EnvVar = testing::DOMAIN;

const INBOX: EnvVar =
    EnvVar::new("INBOX_PATH", Kind::Path, "Documents to read.").or_under(&DATA_ROOT, "/inbox");
const PAPERLESS_DUMPS: EnvVar =
    EnvVar::new("PAPERLESS_DUMPS_PATH", Kind::Path, "Dumps of Paperless's database.")
        .or_under(&DATA_ROOT, "/paperless-dumps");
const CLOUD: EnvVar =
    EnvVar::new("CLOUD_PATH", Kind::Path, "Files of Nextcloud.").or_under(&DATA_ROOT, "/cloud");
const CLOUD_DUMPS: EnvVar =
    EnvVar::new("CLOUD_DUMPS_PATH", Kind::Path, "Dumps of Nextcloud's database.")
        .or_under(&DATA_ROOT, "/cloud-dumps");
const LAN_ADDRESS: EnvVar =
    EnvVar::new("LAN_ADDRESS", Kind::Ipv4, "Address of the host in the LAN.").or("127.0.0.1");
const TREE: EnvVar =
    EnvVar::new("TREE_PATH", Kind::Path, "Downloads and library.").or_under(&DATA_ROOT, "/tree");
const DOWNLOADS: EnvVar =
    EnvVar::new("DOWNLOADS_PATH", Kind::Path, "Downloads.").or_under(&DATA_ROOT, "/downloads");
const BROKER: EnvVar =
    EnvVar::new("BROKER_ADDRESS", Kind::Ipv4, "Where devices find the broker.").or("127.0.0.1");
const CODE_HOST: EnvVar =
    EnvVar::new("CODE_HOST", Kind::Hostname, "Public host name of Forgejo.").or("code.example.org");
const PUBLIC_TLS: EnvVar =
    EnvVar::new("PUBLIC_TLS", Kind::TlsIssuer, "Issuer of public names.").or("me@example.org");
const MEDIA: EnvVar =
    EnvVar::new("MEDIA_PATH", Kind::Path, "Films and music.").or_under(&DATA_ROOT, "/media");
const SET_UP: EnvVar =
    EnvVar::new("JELLYFIN_SETUP_DONE", Kind::OneOf(&["true", "false"]), "Wizard done.").or("false");
const RECORDINGS: EnvVar =
    EnvVar::new("RECORDINGS_PATH", Kind::Path, "Recordings.").or_under(&DATA_ROOT, "/recordings");
const RENDER_NODE: EnvVar =
    EnvVar::new("RENDER_NODE", Kind::Path, "What decodes pictures.").or("/dev/dri/renderD128");
const STICK: EnvVar =
    EnvVar::new("ZIGBEE_STICK", Kind::Path, "The Zigbee stick.").or("/dev/ttyUSB0");
const TZ: EnvVar = EnvVar::new("TZ", Kind::TimeZone, "Time zone.").or("Etc/UTC");
const VPN_ADDRESSES: EnvVar =
    EnvVar::new("VPN_ADDRESS", Kind::Ipv4, "Address in the VPN.").or("10.64.0.2");
const LAN_PARENT: EnvVar =
    EnvVar::new("LAN_PARENT", Kind::Interface, "Interface of the host in the LAN.").or("eth0");
const LAN_SUBNET: EnvVar =
    EnvVar::new("LAN_SUBNET", Kind::Subnet, "Addresses of the LAN.").or("192.168.1.0/24");
const LAN_GATEWAY: EnvVar =
    EnvVar::new("LAN_GATEWAY", Kind::Ipv4, "Address of the router.").or("192.168.1.1");
const PIHOLE_ADDRESS: EnvVar =
    EnvVar::new("PIHOLE_ADDRESS", Kind::Ipv4, "Address of Pi-hole in the LAN.").or("192.168.1.53");
const LAN: Network = Network::macvlan(
    "lan",
    Macvlan { parent: LAN_PARENT, subnet: LAN_SUBNET, gateway: LAN_GATEWAY },
);
const OWNER: User = User::Ids(1000, 1000);
static DATA_ROOT: EnvVar = testing::DATA_ROOT;

/// An application of the shelf.
pub(crate) struct App {
    pub(crate) name: &'static str,
    /// What it needs of `.env`, besides what the small house has.
    variables: &'static [EnvVar],
    /// Networks that it needs besides.
    networks: &'static [Network],
    add: fn(&mut Stack),
}

pub(crate) const ALL: &[App] = &[
    App { variables: &[TREE], ..App::new("arr", arr) },
    App { variables: &[CODE_HOST, PUBLIC_TLS], ..App::new("forgejo", forgejo) },
    App { variables: &[RECORDINGS, RENDER_NODE, TZ], ..App::new("frigate", frigate) },
    App::new("grafana", grafana),
    App { variables: &[BROKER, STICK, TZ], ..App::new("home-assistant", home_assistant) },
    App { variables: &[MEDIA, SET_UP, TZ], ..App::new("jellyfin-nvidia", jellyfin_nvidia) },
    App { variables: &[LAN_ADDRESS], ..App::new("minecraft", minecraft) },
    App { variables: &[CLOUD, CLOUD_DUMPS], ..App::new("nextcloud", nextcloud) },
    App::new("page", page),
    App { variables: &[INBOX, PAPERLESS_DUMPS], ..App::new("paperless", paperless) },
    App {
        variables: &[LAN_PARENT, LAN_SUBNET, LAN_GATEWAY, PIHOLE_ADDRESS],
        networks: &[LAN],
        ..App::new("pihole", pihole)
    },
    App { variables: &[VPN_ADDRESSES, DOWNLOADS], ..App::new("qbittorrent", qbittorrent) },
    App::new("vaultwarden", vaultwarden),
    App::new("wg-easy", wg_easy),
];

impl App {
    const fn new(name: &'static str, add: fn(&mut Stack)) -> Self {
        Self { name, variables: &[], networks: &[], add }
    }

    /// Returns a small house with a proxy that knows the images of the shelf, and this application.
    pub(crate) fn house(&self) -> Stack {
        let variables = [testing::SITE.variables, self.variables].concat().leak();
        let networks = [testing::SITE.networks, self.networks].concat().leak();
        let memory = Memory::gib(8);
        let stack = testing::good_in(Site { networks, variables, memory, ..testing::SITE });
        let catalogue = [stack.catalogue().to_vec(), homelab_services::contracts()].concat();
        let mut stack = stack.knowing(catalogue);
        (self.add)(&mut stack);
        stack
    }
}

/// An image of the shelf. These digests are of no image: the household pins those that it has seen.
const fn image(repository: &'static str, tag: &'static str) -> Image {
    const DIGEST: &str = "sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510";
    Image::released(repository, tag, DIGEST)
}

fn arr(stack: &mut Stack) {
    let settings = shelf::arr::Settings {
        sonarr: image("lscr.io/linuxserver/sonarr", "4.0.15"),
        radarr: image("lscr.io/linuxserver/radarr", "6.0.4"),
        prowlarr: image("lscr.io/linuxserver/prowlarr", "2.0.5"),
        tree: TREE,
        owner: OWNER,
    };
    shelf::arr::add(stack, settings);
}

fn qbittorrent(stack: &mut Stack) {
    let settings = shelf::qbittorrent::Settings {
        vpn: image("qmcgaw/gluetun", "v3.41.0"),
        client: image("lscr.io/linuxserver/qbittorrent", "5.1.2"),
        provider: "mullvad",
        addresses: VPN_ADDRESSES,
        downloads: DOWNLOADS,
        owner: OWNER,
    };
    shelf::qbittorrent::add(stack, settings);
}

fn wg_easy(stack: &mut Stack) {
    stack.add(shelf::wg_easy::define(image("ghcr.io/wg-easy/wg-easy", "15.1"), "vpn"));
}

fn page(stack: &mut Stack) {
    const SITE: ContextFile = ContextFile { path: "site/index.html", text: "<h1>Hello</h1>\n" };
    let image = Image::built("page", &[shelf::page::DOCKERFILE, SITE]);
    stack.add(shelf::page::define(image, "hello"));
}

fn pihole(stack: &mut Stack) {
    let image = image("pihole/pihole", "2026.07.2");
    let service = shelf::pihole::define(image, "dns", LAN, &PIHOLE_ADDRESS);
    let because = "it answers also when the host is busy";
    stack.add(service.capability(Capability::SysNice, because));
}

fn forgejo(stack: &mut Stack) {
    let image = image("codeberg.org/forgejo/forgejo", "10.0.3");
    stack.add(shelf::forgejo::define(image, CODE_HOST, PUBLIC_TLS));
}

fn grafana(stack: &mut Stack) {
    let settings = shelf::grafana::Settings {
        panel: image("grafana/grafana", "12.3.1"),
        numbers: image("prom/prometheus", "v3.9.1"),
        host: "metrics",
        domain: DOMAIN,
        config: "config/prometheus",
    };
    shelf::grafana::add(stack, settings);
}

fn frigate(stack: &mut Stack) {
    let settings = shelf::frigate::Settings {
        image: image("ghcr.io/blakeblackshear/frigate", "0.17.2"),
        recordings: RECORDINGS,
        decoder: RENDER_NODE,
        time_zone: TZ,
    };
    stack.add(shelf::frigate::define(&settings));
}

fn jellyfin_nvidia(stack: &mut Stack) {
    let settings = shelf::jellyfin::Settings {
        image: image("jellyfin/jellyfin", "10.11.5"),
        host: "films",
        domain: DOMAIN,
        is_set_up: SET_UP,
        media: MEDIA,
        reader: OWNER,
        time_zone: TZ,
    };
    stack.add(shelf::jellyfin::define(&settings).nvidia(Nvidia::All));
}

fn home_assistant(stack: &mut Stack) {
    let settings = shelf::home_assistant::Settings {
        hub: image("ghcr.io/home-assistant/home-assistant", "2026.11"),
        broker: image("eclipse-mosquitto", "2.0.22"),
        zigbee: image("ghcr.io/koenkk/zigbee2mqtt", "2.12.1"),
        address: BROKER,
        stick: STICK,
        adapter: "ember",
        time_zone: TZ,
    };
    shelf::home_assistant::add(stack, settings);
}

fn minecraft(stack: &mut Stack) {
    let image = image("itzg/minecraft-server", "2026.8.0-java21");
    stack.add(shelf::minecraft::define(image, &LAN_ADDRESS));
}

fn nextcloud(stack: &mut Stack) {
    let settings = shelf::nextcloud::Settings {
        images: shelf::nextcloud::Images {
            web: image("nextcloud", "33.0.1-apache"),
            db: image("mariadb", "11.8"),
            cache: image("valkey/valkey", "9.0"),
        },
        host: "cloud",
        domain: DOMAIN,
        profile: None,
        files: CLOUD,
        dumps: CLOUD_DUMPS,
    };
    shelf::nextcloud::add(stack, settings);
}

fn paperless(stack: &mut Stack) {
    shelf::paperless::add(
        stack,
        shelf::paperless::Settings {
            images: shelf::paperless::Images {
                web: image("ghcr.io/paperless-ngx/paperless-ngx", "2.20.15"),
                db: image("postgres", "18.1"),
                queue: image("valkey/valkey", "9.0"),
                gotenberg: image("gotenberg/gotenberg", "8.34"),
                tika: image("apache/tika", "3.2.3.0"),
                dumps: image("prodrigestivill/postgres-backup-local", "18"),
            },
            host: "documents",
            domain: DOMAIN,
            profile: None,
            inbox: INBOX,
            dumps: PAPERLESS_DUMPS,
        },
    );
}

fn vaultwarden(stack: &mut Stack) {
    let image = image("vaultwarden/server", "1.37.4");
    stack.add(shelf::vaultwarden::define(image, "passwords", &DOMAIN));
}
