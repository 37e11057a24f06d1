//! A house of any size in which everything occurs that a real one has.

use homelab_core::prelude::*;

const APP_IMAGE: Image = Image::pinned(
    "example/app:1.2@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510",
);
const EDGE_IMAGE: Image = Image::released("example/edge", "1", APP_IMAGE.digest());
const SOCKET_IMAGE: Image = Image::released("example/socket", "1", APP_IMAGE.digest());
const DATA_IMAGE: Image = Image::released("example/db", "1", APP_IMAGE.digest());
const AGENT_IMAGE: Image = Image::released("example/agent", "1", APP_IMAGE.digest());

const HOUSE: EnvVar = EnvVar::new("HOUSE", Kind::Path, "The folder.").or("/srv/house");
const DOMAIN: EnvVar = EnvVar::new("DOMAIN", Kind::Hostname, "Domain.").or("home.arpa");
const TLS: EnvVar = EnvVar::new("TLS", Kind::TlsIssuer, "Issuer.").or("internal");
const ROOT: EnvVar = EnvVar::new("DATA_ROOT", Kind::Path, "Where data lives.").or("/data");
const PROXY: Network = Network::bridge("proxy");
const EGRESS: Network = Network::bridge("egress");
const PROFILES: [Profile; 2] =
    [Profile::new("photos", "Photos and their database."), Profile::new("files", "Files.")];
const LOGIN: Secret = Secret::proxy_login("login");
const PROBE: Health = Health::command(&["CMD", "probe", "--port", "8080"]);

/// The images of the house.
pub(crate) fn catalogue() -> Vec<Contract> {
    let listens = |repository: &str, port| Contract {
        ports: ran("benchmark").all([Port::new(port)]),
        ..Contract::of(repository)
    };
    vec![
        listens("example/app", 8080),
        listens("example/edge", 443),
        listens("example/socket", 2375),
        listens("example/db", 5432),
        Contract::of("example/agent"),
    ]
}

/// The literals of a house: made once for each size, because they live forever.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    groups: &'static [Group],
    site: Site,
}

/// A database, the service that uses it, one behind that, and one that nobody uses.
struct Group {
    profile: Option<Profile>,
    network: Network,
    db: &'static str,
    app: &'static str,
    worker: &'static str,
    agent: &'static str,
    dumps: EnvVar,
}

/// Services in a group.
const GROUP: usize = 4;

impl Names {
    /// Names for a house of this many services, rounded up to whole groups.
    pub(crate) fn new(services: usize) -> Self {
        let name = |kind: &str, at: usize| -> &'static str {
            Box::leak(format!("{kind}-{at}").into_boxed_str())
        };
        let variable = |at| name("DUMPS", at).replace('-', "_").leak();
        let dumps = |at| name("/dumps", at);
        let group = |at| Group {
            profile: PROFILES.get(at % 3).copied(),
            network: Network::internal(name("net", at)),
            db: name("db", at),
            app: name("app", at),
            worker: name("worker", at),
            agent: name("agent", at),
            dumps: EnvVar::new(variable(at), Kind::Path, "Dumps.").or_under(&ROOT, dumps(at)),
        };
        let groups: Box<[Group]> = (0..(services - 2).div_ceil(GROUP)).map(group).collect();
        let networks = [PROXY, EGRESS].into_iter();
        let networks: Box<[_]> = networks.chain(groups.iter().map(|it| it.network)).collect();
        let variables = [DOMAIN, TLS, ROOT].into_iter();
        let variables: Box<[_]> = variables.chain(groups.iter().map(|it| it.dumps)).collect();
        let site = Site {
            project: "house",
            domain: DOMAIN,
            house: HOUSE,
            proxy: Some(Proxy::Caddy { tls: TLS, network: PROXY }),
            egress: EGRESS,
            // A house of a thousand services has as many networks.
            subnets: Subnet::new([10, 0, 0, 0], 8),
            profiles: &PROFILES,
            never: &[],
            networks: Box::leak(networks),
            variables: Box::leak(variables),
            memory: Memory::gib(2048),
            reserve: Memory::gib(1),
            cores: 64,
        };
        Self { groups: Box::leak(groups), site }
    }
}

/// The house through the public DSL.
pub(crate) fn stack(names: &Names) -> Stack {
    let mut stack = Stack::new(names.site).knowing(catalogue());
    let socket = Service::socket_proxy(ServiceName::new("socket"), SOCKET_IMAGE);
    let socket =
        stack.add(socket.user(User::Ids(0, 0)).memory(Memory::mib(16).up_to(Memory::mib(32))));
    stack.add(
        Service::edge(ServiceName::new("edge"), EDGE_IMAGE, PROBE)
            .uses(&socket)
            .guards_with(LOGIN)
            .publish(Publish::everywhere(Port::new(443), "the way in"))
            .memory(Memory::mib(32).up_to(Memory::mib(64))),
    );
    for group in names.groups {
        add_group(&mut stack, group);
    }
    stack
}

fn add_group(stack: &mut Stack, group: &Group) {
    let name = ServiceName::new;
    let password = Secret::random(group.db);
    let db = facts(Service::data(name(group.db), DATA_IMAGE, PROBE), group)
        .on(group.network)
        .secret_env("DB_PASSWORD_FILE", password)
        .mount(Volume::precious(group.db, Backup::Dump).at("/var/lib/postgresql"));
    let db = stack.add(db);
    let app = facts(Service::app(name(group.app), APP_IMAGE, PROBE), group)
        .on(group.network)
        .uses(&db)
        .route(Route::host(group.app, Port::new(8080)))
        .env("DB_HOST", db.host())
        .env("DB_URL", db.url("postgres", Port::new(5432)))
        .env("SINCE", "2026-01-01")
        .env("ROOT", ROOT)
        .secret_env("DB_PASSWORD_FILE", password)
        .mount(Volume::scratch(group.app, "thumbnails are made again").at("/cache"))
        .mount(Bind::env_read_only(&ROOT).at("/srv"));
    let app = stack.add(app);
    let worker = facts(Service::agent(name(group.worker), AGENT_IMAGE, PROBE), group)
        .dumps(&db)
        .uses(&app)
        .secret_env("DB_PASSWORD_FILE", password)
        .command(&["work", "--queue", "default", "--every", "10:00"])
        .mount(Bind::env(&group.dumps, Backup::Offsite).at("/dumps"));
    stack.add(worker);
    let agent = facts(Service::agent(name(group.agent), AGENT_IMAGE, PROBE), group)
        .egress("it fetches the weather");
    stack.add(agent);
}

fn facts<R: homelab_core::dsl::service::Role>(service: Service<R>, group: &Group) -> Service<R> {
    let service =
        service.user(User::Ids(1000, 1000)).memory(Memory::mib(32).up_to(Memory::mib(64)));
    let service = service.tmpfs(Tmpfs::at("/tmp")).env("TZ", "Europe/Berlin");
    match group.profile {
        Some(profile) => service.profile(profile),
        None => service,
    }
}
