//! Random houses: good ones, and with a small probability one with a known fault.

use homelab_core::lower::lower;
use homelab_core::prelude::*;
use homelab_core::yaml::{Spacing, render};
use proptest::prelude::*;
use proptest::sample::Index;

mod fault;
mod site;

pub(crate) use self::fault::Fault;
use self::fault::{FAULT_NETWORK, break_house};
use self::site::*;
pub(crate) use self::site::{CATALOGUE, IMAGE, leak, site};
use crate::text::text;

/// A random house, before it is built.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    parts: Vec<Part>,
    pub(crate) fault: Option<Fault>,
}

/// A random service.
#[derive(Clone, Debug)]
struct Part {
    role: Kin,
    profile: Option<usize>,
    uses: Vec<Index>,
    keeps: Keeps,
    way_in: WayIn,
    offered: bool,
    secret: bool,
    unattended: bool,
    memory_mib: u32,
    env: Vec<String>,
    command: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kin {
    App,
    Data,
    Agent,
}

#[derive(Clone, Copy, Debug)]
enum Keeps {
    Nothing,
    Volume,
    Folder,
    Scratch,
    Config,
}

#[derive(Clone, Copy, Debug)]
enum WayIn {
    Route(Login),
    Published { everywhere: bool },
    None,
}

/// Houses of one to eight services, of which a quarter has a fault.
pub(crate) fn plan() -> impl Strategy<Value = Plan> {
    let fault = prop::option::weighted(0.25, prop::sample::select(fault::ALL));
    let parts = prop::collection::vec(part(), 0..=6);
    (parts, fault).prop_map(|(parts, fault)| Plan { parts, fault })
}

fn part() -> impl Strategy<Value = Part> {
    let role = prop_oneof![3 => Just(Kin::App), 2 => Just(Kin::Data), 1 => Just(Kin::Agent)];
    let keeps = prop_oneof![
        3 => Just(Keeps::Nothing),
        2 => Just(Keeps::Volume),
        1 => Just(Keeps::Folder),
        1 => Just(Keeps::Scratch),
        1 => Just(Keeps::Config),
    ];
    let login = prop::sample::select(vec![
        Login::Proxy,
        Login::BuiltIn,
        Login::Open { because: "it is for guests" },
    ]);
    let way_in = prop_oneof![
        4 => login.prop_map(WayIn::Route),
        1 => any::<bool>().prop_map(|everywhere| WayIn::Published { everywhere }),
        1 => Just(WayIn::None),
    ];
    let facts = (
        prop::option::weighted(0.4, 0..PROFILES.len()),
        prop::collection::vec(any::<Index>(), 0..3),
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.15),
        32..256_u32,
    );
    let texts = (prop::collection::vec(text(), 0..3), prop::collection::vec(text(), 0..3));
    (role, keeps, way_in, facts, texts).prop_map(|(role, keeps, way_in, facts, texts)| {
        let (profile, uses, offered, secret, unattended, memory_mib) = facts;
        let (env, command) = texts;
        Part {
            role,
            profile,
            uses,
            keeps,
            way_in,
            offered: offered || role == Kin::Data,
            secret,
            unattended,
            memory_mib,
            env,
            command,
        }
    })
}

/// A house, and what its builder knows without looking at the result.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) stack: Stack,
    pub(crate) names: Vec<&'static str>,
    pub(crate) edges: Vec<&'static str>,
    pub(crate) data: Vec<&'static str>,
    pub(crate) socket_proxies: Vec<&'static str>,
    pub(crate) unattended: Vec<&'static str>,
    /// What all services together may use.
    pub(crate) budget_mib: u64,
}

/// A service that later ones may use.
struct Offered {
    profile: Option<usize>,
    handle: AnyHandle,
    secret: Option<Secret>,
}

enum AnyHandle {
    App(Handle<App>),
    Data(Handle<Data>),
    Agent(Handle<Agent>),
}

impl Connect for Offered {
    fn connect(&self, wiring: &mut Wiring<'_>) {
        match &self.handle {
            AnyHandle::App(it) => wiring.service(it),
            AnyHandle::Data(it) => wiring.service(it),
            AnyHandle::Agent(it) => wiring.service(it),
        }
        self.secret.into_iter().for_each(|it| wiring.secret(it));
    }
}

/// Builds the house through the public DSL.
///
/// Twice: the second time its site declares exactly what the first one uses, so that
/// no house is refused for something that is declared and not used.
pub(crate) fn build(plan: &Plan) -> House {
    let at = 0..plan.parts.len();
    let networks: Vec<_> =
        [PROXY, SOCKET, EGRESS, FAULT_NETWORK].into_iter().chain(at.clone().map(network)).collect();
    let variables: Vec<_> =
        [DOMAIN, TLS, LAN, ROOT, fault::LOGS].into_iter().chain(at.map(folder)).collect();
    let draft = lower(&build_on(plan, Stack::new(site(&PROFILES, &networks, &variables))).stack);

    let services = || draft.services.values();
    let on = |it: &&Network| services().any(|on| on.networks.iter().any(|on| on == it.name()));
    let networks: Vec<_> = networks.iter().filter(on).copied().collect();
    let of = |it: &&Profile| services().any(|of| of.profiles.iter().any(|of| of == it.name()));
    let profiles: Vec<_> = PROFILES.iter().filter(of).copied().collect();
    let text = render(&draft, "", Spacing::Dense);
    let named = |it: &&EnvVar| text.contains(&format!("${{{}:", it.name()));
    let variables: Vec<_> = variables.iter().filter(named).copied().collect();
    build_on(plan, Stack::new(site(&profiles, &networks, &variables)))
}

fn build_on(plan: &Plan, stack: Stack) -> House {
    let mut house = House {
        stack,
        names: Vec::new(),
        edges: Vec::new(),
        data: Vec::new(),
        socket_proxies: Vec::new(),
        unattended: Vec::new(),
        budget_mib: u64::from(MEMORY.as_mib() - RESERVE.as_mib()),
    };
    frame(&mut house, plan.fault);
    let mut offered = Vec::new();
    for (at, part) in plan.parts.iter().enumerate() {
        if let Some(it) = add_part(&mut house, at, part, &offered) {
            offered.push(it);
        }
    }
    if let Some(fault) = plan.fault {
        break_house(&mut house, fault);
    }
    house
}

fn network(at: usize) -> Network {
    Network::internal(leak(&format!("net-{at}")))
}

fn folder(at: usize) -> EnvVar {
    let name = leak(&format!("FOLDER_{at}"));
    EnvVar::new(name, Kind::Path, "A folder.").or_under(&ROOT, leak(&format!("/folder-{at}")))
}

/// Socket proxy and reverse proxy: what every house has.
fn frame(house: &mut House, fault: Option<Fault>) {
    let name = house.name("socket");
    house.socket_proxies.push("socket");
    let socket = Service::socket_proxy(name, SOCKET_IMAGE, SOCKET).user(User::Ids(0, 0));
    let socket = house.stack.add(socket.memory(Memory::mib(32)));
    let name = house.name("edge");
    house.edges.push("edge");
    let mut edge = Service::edge(name, EDGE_IMAGE, PROBE)
        .uses(&socket)
        .guards_with(LOGIN)
        .publish(Publish::everywhere(Port::new(443), "the way in"))
        .memory(Memory::mib(64));
    if fault == Some(Fault::EdgeOnDataNetwork) {
        let db = house.data("fault-db");
        let db = house.stack.add(db);
        edge = edge.uses(&db);
    }
    house.stack.add(edge);
}

/// Adds a service without a fault.
fn add_part(house: &mut House, at: usize, part: &Part, offered: &[Offered]) -> Option<Offered> {
    let candidates: Vec<_> =
        offered.iter().filter(|it| it.profile.is_none() || it.profile == part.profile).collect();
    let uses: Vec<_> = match candidates.len() {
        0 => Vec::new(),
        _ => part.uses.iter().map(|it| candidates[it.index(candidates.len())]).collect(),
    };
    let handle = match part.role {
        Kin::App => {
            let name = house.name(leak(&format!("app-{at}")));
            let health =
                if part.secret { Health::from_image() } else { Health::shell("probe $PORT") };
            let mut app = Service::app(name, IMAGE, health);
            match part.way_in {
                WayIn::Route(login) => {
                    let label = leak(&format!("app-{at}"));
                    app = app.route(Route::host(label, WEB).login(login));
                }
                WayIn::Published { everywhere } => {
                    let published = PUBLISHED[at];
                    app = app.egress("a port needs a network with a way out").publish(
                        if everywhere {
                            Publish::everywhere(published, "phones come from everywhere")
                        } else {
                            Publish::at(&LAN, published)
                        },
                    );
                }
                WayIn::None => app = app.egress("it looks for updates"),
            }
            AnyHandle::App(add(house, app, at, part, &uses))
        }
        Kin::Data => {
            let name = house.name(leak(&format!("db-{at}")));
            house.data.push(name.as_str());
            let data = Service::data(name, DATA_IMAGE, PROBE);
            AnyHandle::Data(add(house, data, at, part, &uses))
        }
        Kin::Agent => {
            let name = house.name(leak(&format!("agent-{at}")));
            let agent = Service::agent(name, AGENT_IMAGE, PROBE).egress("it fetches the weather");
            AnyHandle::Agent(add(house, agent, at, part, &uses))
        }
    };
    let secret = part.secret.then(|| secret(at));
    part.offered.then_some(Offered { profile: part.profile, handle, secret })
}

fn secret(at: usize) -> Secret {
    Secret::random(leak(&format!("password-{at}")))
}

/// The facts that all roles share.
fn add<R: homelab_core::service::Role>(
    house: &mut House,
    mut service: Service<R>,
    at: usize,
    part: &Part,
    uses: &[&Offered],
) -> Handle<R> {
    const KEYS: [&str; 3] = ["FIRST", "SECOND", "THIRD"];
    service = service.user(User::Ids(1000, 1000)).memory(Memory::mib(part.memory_mib));
    service = service.tmpfs(Tmpfs::at("/tmp"));
    for it in uses {
        service = service.uses(*it);
    }
    if let Some(profile) = part.profile {
        service = service.profile(PROFILES[profile]);
    }
    if part.offered {
        service = service.on(network(at));
    }
    if part.secret {
        service = service.secret_env("PASSWORD_FILE", secret(at));
    }
    for (key, value) in KEYS.into_iter().zip(&part.env) {
        service = service.env(key, value);
    }
    let words: Vec<_> = part.command.iter().map(String::as_str).collect();
    service = service.command(&words);

    let volume = leak(&format!("volume-{at}"));
    match part.keeps {
        Keeps::Volume => {
            return house.stack.add(service.mount(precious(volume)));
        }
        Keeps::Folder => {
            let folder = Bind::env(&folder(at), Backup::Offsite).at("/folder");
            return house.stack.add(service.mount(folder));
        }
        Keeps::Scratch => {
            service = service.mount(Volume::scratch(volume, "thumbnails are made again").at("/x"));
        }
        Keeps::Config => service = service.mount(Bind::config("config/it.toml").at("/it.toml")),
        Keeps::Nothing => {}
    }
    if part.unattended && part.role == Kin::Agent {
        house.unattended.push(house.names[house.names.len() - 1]);
        house.stack.add(service.update_unattended("nobody would notice"))
    } else {
        house.stack.add(service)
    }
}

fn precious(volume: &'static str) -> Mount<Precious> {
    Volume::precious(volume, Backup::Offsite).at("/data")
}

impl House {
    fn name(&mut self, name: &'static str) -> ServiceName {
        self.names.push(name);
        ServiceName::new(name)
    }
}
