// No mistake: a house in which everything that the other files get wrong is done right.

#![deny(unused_must_use)]

use homelab_core::prelude::*;

const IMAGE: Image = Image::pinned(
    "localhost:5000/example/it:1.2@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510",
);
const PROBE: Health = Health::from_image();
const PASSWORD: Secret = Secret::random("db-password");
const DB_DATA: Mount<Precious> = Volume::precious("db", Backup::Dump).at("/var/lib/postgresql");
const CACHE: Mount<Stateless> = Volume::scratch("cache", "thumbnails are made again").at("/cache");
const PROC: Mount<Stateless> = Bind::host_read_only("/proc").at("/host/proc");
const CONFIG: Mount<Stateless> = Bind::config("config/app.toml").at("/app.toml");
const WEB: Port = Port::new(8080);

const DOMAIN: EnvVar = EnvVar::new("DOMAIN", Kind::Hostname, "Domain.").or("home.arpa");
const HOUSE: EnvVar = EnvVar::new("HOUSE", Kind::Path, "The folder.").or("/srv/house");
const TLS: EnvVar = EnvVar::new("TLS", Kind::TlsIssuer, "Issuer.").or("internal");
const PROXY: Network = Network::bridge("proxy");
const BACKEND: Network = Network::internal("backend");
const EGRESS: Network = Network::bridge("egress");

const SITE: Site = Site {
    project: "house",
    domain: DOMAIN,
    house: HOUSE,
    proxy: Some(Proxy::Caddy { tls: TLS, network: PROXY }),
    egress: EGRESS,
    subnets: Subnet::new([10, 231, 0, 0], 16),
    profiles: &[],
    never: &[],
    networks: &[PROXY, BACKEND, EGRESS],
    variables: &[DOMAIN, TLS],
    memory: Memory::gib(4),
    reserve: Memory::mib(512),
    cores: 2,
};

const FOLLOW: Switch = Switch::new("FOLLOW", "Follows its tag");

fn define(stack: &mut Stack) {
    let name = ServiceName::new;
    let socket = stack.add(Service::socket_proxy(name("socket"), IMAGE));
    stack.add(
        Service::edge(name("proxy"), IMAGE, PROBE)
            .uses(&socket)
            .publish(Publish::everywhere(Port::new(443), "the way in")),
    );
    let db = stack.add(
        Service::data(name("db"), IMAGE, PROBE)
            .on(BACKEND)
            .secret_env("DB_PASSWORD_FILE", PASSWORD)
            .mount(DB_DATA)
            .memory(Memory::mib(512).up_to(Memory::gib(1))),
    );
    stack.add(Service::agent(name("dump"), IMAGE, PROBE).dumps(&db).secret(PASSWORD));
    stack.add(
        Service::app(name("web"), IMAGE, PROBE)
            .uses(&db)
            .route(Route::host("web", WEB))
            .env("DB_HOST", db.host())
            .secret_env("DB_PASSWORD_FILE", PASSWORD)
            .mount(CONFIG)
            .mount(CACHE),
    );
    stack.add(
        Service::agent(name("metrics"), IMAGE, PROBE)
            .mount(PROC)
            .tmpfs(Tmpfs::at("/tmp"))
            .cpus(Cpus::milli(100))
            .update_unattended(FOLLOW, "it keeps nothing and nobody depends on it"),
    );
}

fn main() {
    define(&mut Stack::new(SITE));
}
