//! A small household for tests, which no rule objects to.

use std::sync::LazyLock;

use crate::dsl::house::House;
use crate::prelude::*;

/// The image of `web`.
pub const IMAGE: Image = Image::pinned(
    "example/web:1.2@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510",
);
const PROXY_IMAGE: Image = Image::released("example/proxy", "1", IMAGE.digest());
const SOCKET_IMAGE: Image = Image::released("example/socket", "1", IMAGE.digest());
const DB_IMAGE: Image = Image::released("example/db", "1", IMAGE.digest());
const DUMP_IMAGE: Image = Image::released("example/dump", "1", IMAGE.digest());
const FETCH_IMAGE: Image = Image::released("example/fetch", "1", IMAGE.digest());

/// Domain of all host names.
pub const DOMAIN: EnvVar = EnvVar::new("DOMAIN", Kind::Hostname, "Domain.").or("home.arpa");
const HOUSE: EnvVar = EnvVar::new("HOUSE", Kind::Path, "The folder.").or("/srv/house");
const TLS: EnvVar = EnvVar::new("TLS", Kind::TlsIssuer, "Issuer.").or("internal");
/// Where the household's data lies.
pub const DATA_ROOT: EnvVar = EnvVar::new("DATA_ROOT", Kind::Path, "Where data lives.");
const DUMPS: EnvVar = EnvVar::new("DUMPS", Kind::Path, "Dumps.").or_under(&DATA_ROOT, "/dumps");
/// Where `web` keeps its files.
pub const FILES: EnvVar = EnvVar::new("FILES", Kind::Path, "Files.").or_under(&DATA_ROOT, "/files");

/// The proxy's network.
pub const PROXY: Network = Network::bridge("proxy");
/// The data layer's network.
pub const BACKEND: Network = Network::internal("backend");
/// The network with a way out.
pub const EGRESS: Network = Network::bridge("egress");
/// The one profile.
pub const NOTES: Profile = Profile::new("notes", "Notes and their database.");

/// The house.
pub const SITE: Site = Site {
    project: "house",
    domain: DOMAIN,
    house: HOUSE,
    proxy: Some(Proxy::Caddy { tls: TLS, network: PROXY }),
    egress: EGRESS,
    subnets: Subnet::new([10, 231, 0, 0], 16),
    profiles: &[NOTES],
    never: &[],
    networks: &[PROXY, BACKEND, EGRESS],
    variables: &[DOMAIN, TLS, DATA_ROOT, DUMPS, FILES],
    memory: Memory::gib(2),
    reserve: Memory::mib(256),
    cores: 2,
};

/// The household's own network.
pub const LAN: Network = Network::macvlan(
    "lan",
    Macvlan {
        parent: EnvVar::new("LAN_PARENT", Kind::Interface, "Interface.").or("eth0"),
        subnet: EnvVar::new("LAN_SUBNET", Kind::Subnet, "Addresses.").or("192.168.1.0/24"),
        gateway: EnvVar::new("LAN_GATEWAY", Kind::Ipv4, "Router.").or("192.168.1.1"),
    },
);
/// An address there.
pub const LAN_ADDRESS: EnvVar =
    EnvVar::new("LAN_ADDRESS", Kind::Ipv4, "Address.").or("192.168.1.53");

/// Makes the household.
pub fn house() -> House {
    House::new("house", good())
}

/// Adds its services: `socket`, `caddy`, `db`, `dump`, `web`, `fetch`.
pub fn good() -> Stack {
    good_in(SITE)
}

/// Adds them to another house, which has all that [`SITE`] has.
pub fn good_in(site: Site) -> Stack {
    const PASSWORD: Secret = Secret::random("db-password");
    const LOGIN: Secret = Secret::proxy_login("login");
    let mut stack = Stack::new(site).knowing(CATALOGUE.clone());
    let name = ServiceName::new;
    let probe = Health::command(&["CMD", "probe"]);

    let socket = stack.add(
        Service::socket_proxy(name("socket"), SOCKET_IMAGE)
            .user(User::Ids(0, 0))
            .memory(Memory::mib(16).up_to(Memory::mib(32))),
    );
    stack.add(
        Service::edge(name("caddy"), PROXY_IMAGE, probe)
            .uses(&socket)
            .guards_with(LOGIN)
            .publish(Publish::everywhere(Port::new(443), "the way in"))
            .mount(Volume::precious("caddy-data", Backup::Offsite).at("/data"))
            .memory(Memory::mib(32).up_to(Memory::mib(64))),
    );
    let db = stack.add(
        Service::data(name("db"), DB_IMAGE, probe)
            .profile(NOTES)
            .on(BACKEND)
            .user(User::Ids(70, 70))
            .secret_env("DB_PASSWORD_FILE", PASSWORD)
            .postgres("admin", "notes")
            .mount(Volume::precious("db", Backup::Dump).at("/db"))
            .memory(Memory::mib(64).up_to(Memory::mib(128))),
    );
    stack.add(
        Service::agent(name("dump"), DUMP_IMAGE, probe)
            .profile(NOTES)
            .dumps(&db)
            .user(User::Ids(70, 70))
            .secret_env("DB_PASSWORD_FILE", PASSWORD)
            .mount(Bind::env(&DUMPS, Backup::Offsite).at("/dumps"))
            .memory(Memory::mib(32).up_to(Memory::mib(64))),
    );
    stack.add(
        Service::app(name("web"), IMAGE, Health::from_image())
            .profile(NOTES)
            .on(BACKEND)
            .uses(&db)
            .user(User::Ids(1000, 70))
            .route(Route::host("notes", Port::new(8080)))
            .env("DB_HOST", db.host())
            .secret_env("DB_PASSWORD_FILE", PASSWORD)
            .mount(Bind::env(&FILES, Backup::Offsite).at("/files"))
            .tmpfs(Tmpfs::at("/tmp"))
            .memory(Memory::mib(64).up_to(Memory::mib(128))),
    );
    stack.add(
        Service::agent(name("fetch"), FETCH_IMAGE, probe)
            .egress("fetches the weather")
            .memory(Memory::mib(32).up_to(Memory::mib(64))),
    );
    stack
}

/// The contracts of its images, and of one that it does not run.
pub static CATALOGUE: LazyLock<Vec<Contract>> = LazyLock::new(|| {
    let by = ran("tests");
    let panel = PanelLogin::first_visitor(&["/setup/*"], &["/folders/*"]);
    vec![
        Contract {
            ports: by.all([Port::new(8080)]),
            data: by.all(["/files"]),
            writes: by.all(["/tmp"]),
            ships_health: by.is(true),
            requires: by.all(["DB_PASSWORD"]),
            secrets: by.all([SecretKey::or_file("DB_PASSWORD")]),
            database: by.is(DatabaseKeys::client("DB_HOST")
                .user("DB_USER", Some("admin"))
                .name("DB_NAME", None)
                .password("DB_PASSWORD")),
            misspelt: by.is([("DATABASE_HOST".to_owned(), "DB_HOST".to_owned())].into()),
            panel: by.is(Panel::new(Port::new(8080), panel)),
            peers: by.all([Peer::any_of(&["example/db"], "it stores its notes there")]),
            user: by.is(1000),
            ..Contract::of("example/web")
        },
        Contract {
            kind: by.is(ImageKind::Database),
            database: by.is(DatabaseKeys::server()
                .user("DB_USER", Some("admin"))
                .name("DB_DATABASE", None)
                .password("DB_PASSWORD")),
            ports: by.all([Port::new(5432)]),
            data: by.all(["/db"]),
            ..Contract::of("example/db")
        },
        Contract {
            kind: by.is(ImageKind::ReverseProxy),
            ports: by.all([Port::new(443)]),
            data: by.all(["/data"]),
            dns_providers: by.all(["duckdns"]),
            ..Contract::of("example/proxy")
        },
        Contract {
            kind: by.is(ImageKind::SocketProxy),
            ports: by.all([Port::new(2375)]),
            ..Contract::of("example/socket")
        },
        Contract { ports: by.none(), ..Contract::of("example/dump") },
        Contract {
            egress: by.is(Egress::required("it asks a weather service")),
            ..Contract::of("example/fetch")
        },
        Contract {
            end_of_life: by.because("archived by its author"),
            ..Contract::of("example/old")
        },
    ]
});
