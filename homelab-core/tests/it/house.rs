//! Random houses: good ones, and with a small probability one with a known fault.

use homelab_core::compose::yaml::{Spacing, render};
use homelab_core::dsl::service::Role;
use homelab_core::lower::lower;
use homelab_core::prelude::*;

mod fault;
mod plan;
mod site;

pub(crate) use self::fault::Fault;
use self::fault::{FAULT_NETWORK, break_house};
use self::plan::{Check, Keeps, Kin, Part, Privilege, WayIn};
pub(crate) use self::plan::{Plan, one_of_each_role, plan};
use self::site::*;
pub(crate) use self::site::{CATALOGUE, IMAGE, ROOT, leak, site};

/// A house, and what its builder knows without looking at the result.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) stack: Stack,
    pub(crate) names: Vec<&'static str>,
    pub(crate) edges: Vec<&'static str>,
    pub(crate) data: Vec<&'static str>,
    pub(crate) socket_proxies: Vec<&'static str>,
    /// Services for which it was said why they have no health check.
    pub(crate) unprobed: Vec<&'static str>,
    /// Services, each with something that it was given a reason for.
    pub(crate) granted: Vec<(&'static str, &'static str)>,
    /// Services whose volume is kept as dumps.
    pub(crate) dumped: Vec<&'static str>,
    /// Services that dump, each with its database.
    pub(crate) dumpers: Vec<(&'static str, &'static str)>,
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
/// no house is refused for something that is declared and not used, unless that is its fault.
pub(crate) fn build(plan: &Plan) -> House {
    let at = 0..plan.parts.len();
    let networks: Vec<_> =
        [PROXY, EGRESS, FAULT_NETWORK].into_iter().chain(at.clone().map(network)).collect();
    let variables: Vec<_> = [DOMAIN, TLS, LAN, ROOT, FOLLOW.variable()]
        .into_iter()
        .chain(fault::VARIABLES)
        .chain(at.map(folder))
        .collect();
    let draft = lower(
        &build_on(
            plan,
            Stack::new(site(&PROFILES, &networks, &variables)).knowing(CATALOGUE.clone()),
        )
        .stack,
    );

    let services = || draft.services.values();
    let on = |it: &&Network| services().any(|on| on.networks.iter().any(|on| on.key == it.name()));
    let idle = |fault| plan.fault == Some(fault);
    let on = |it: &&Network| on(it) || idle(Fault::IdleNetwork) && **it == FAULT_NETWORK;
    let networks: Vec<_> = networks.iter().filter(on).copied().collect();
    let of = |it: &&Profile| services().any(|of| of.profiles.iter().any(|of| of == it.name()));
    let profiles = PROFILES.iter().filter(of).copied();
    let profiles: Vec<_> =
        profiles.chain(idle(Fault::IdleProfile).then_some(fault::PROFILE)).collect();
    let text = render(&draft, "", Spacing::Dense);
    let named = |it: &&EnvVar| {
        [":", "+"].iter().any(|rule| text.contains(&format!("${{{}{rule}", it.name())))
    };
    let named =
        |it: &&EnvVar| named(it) || idle(Fault::IdleVariable) && it.name() == fault::LOGS.name();
    let variables: Vec<_> = variables.iter().filter(named).copied().collect();
    build_on(plan, Stack::new(site(&profiles, &networks, &variables)).knowing(CATALOGUE.clone()))
}

fn build_on(plan: &Plan, stack: Stack) -> House {
    let mut house = House {
        stack,
        names: Vec::new(),
        edges: Vec::new(),
        data: Vec::new(),
        socket_proxies: Vec::new(),
        unprobed: Vec::new(),
        granted: Vec::new(),
        dumped: Vec::new(),
        dumpers: Vec::new(),
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
    let socket = Service::socket_proxy(name, SOCKET_IMAGE).user(User::Ids(0, 0));
    let socket = house.stack.add(socket.memory(Memory::mib(16).up_to(Memory::mib(32))));
    let name = house.name("edge");
    house.edges.push("edge");
    let mut edge = Service::edge(name, EDGE_IMAGE, PROBE)
        .uses(&socket)
        .guards_with(LOGIN)
        .publish(Publish::everywhere(Port::new(443), "the way in"))
        .memory(Memory::mib(32).up_to(Memory::mib(64)));
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
            let health = match (part.check, part.secret) {
                (Check::Unprobed, _) => house.unprobed(),
                (Check::Probe, true) => Health::from_image(),
                (Check::Probe, false) => Health::shell("probe $PORT"),
            };
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
            let health = house.health(part.check);
            let data = Service::data(name, DATA_IMAGE, health);
            let data = add(house, data, at, part, &uses);
            if part.keeps == Keeps::Dumped {
                add_dumper(house, at, part, &data);
            }
            AnyHandle::Data(data)
        }
        Kin::Agent => {
            let name = house.name(leak(&format!("agent-{at}")));
            let health = house.health(part.check);
            let agent = Service::agent(name, AGENT_IMAGE, health).egress("it fetches the weather");
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
fn add<R: Role>(
    house: &mut House,
    mut service: Service<R>,
    at: usize,
    part: &Part,
    uses: &[&Offered],
) -> Handle<R> {
    const KEYS: [&str; 3] = ["FIRST", "SECOND", "THIRD"];
    service = service.user(User::Ids(1000, 1000)).memory(part.memory);
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
    for privilege in &part.privileges {
        service = grant(house, service, *privilege);
    }

    let volume = leak(&format!("volume-{at}"));
    match part.keeps {
        Keeps::Volume => {
            return house.stack.add(service.mount(precious(volume, Backup::Offsite)));
        }
        Keeps::Dumped => {
            house.dumped.push(house.last());
            return house.stack.add(service.mount(precious(volume, Backup::Dump)));
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
        house.stack.add(service.update_unattended(FOLLOW, "nobody would notice"))
    } else {
        house.stack.add(service)
    }
}

/// Gives the service that was named last something beyond the minimum.
fn grant<R: Role>(house: &mut House, service: Service<R>, privilege: Privilege) -> Service<R> {
    const BECAUSE: &str = "it cannot work without";
    let (what, service) = match privilege {
        Privilege::WritableRoot => ("writable root", service.writable_root(BECAUSE)),
        Privilege::HarmlessCapability => {
            ("cap CHOWN", service.capability(Capability::Chown, BECAUSE))
        }
        Privilege::StrongCapability => {
            ("cap NET_ADMIN", service.capability(Capability::NetAdmin, BECAUSE))
        }
        Privilege::HostProcesses => ("pid host", service.host_pid(BECAUSE)),
    };
    house.granted.push((house.last(), what));
    service
}

/// Adds the service that dumps a database and runs whenever that does.
fn add_dumper(house: &mut House, at: usize, part: &Part, database: &Handle<Data>) {
    let folder = Bind::env(&folder(at), Backup::Offsite).at("/dumps");
    let mut dumper = house.dumper(leak(&format!("dumper-{at}")), database);
    if let Some(profile) = part.profile {
        dumper = dumper.profile(PROFILES[profile]);
    }
    house.stack.add(dumper.mount(folder));
}

fn precious(volume: &'static str, backup: Backup) -> Mount<Precious> {
    Volume::precious(volume, backup).at("/data")
}

impl House {
    fn name(&mut self, name: &'static str) -> ServiceName {
        self.names.push(name);
        ServiceName::new(name)
    }

    /// The service that was named last.
    fn last(&self) -> &'static str {
        self.names[self.names.len() - 1]
    }

    fn health(&mut self, check: Check) -> Health {
        match check {
            Check::Probe => PROBE,
            Check::Unprobed => self.unprobed(),
        }
    }

    fn unprobed(&mut self) -> Health {
        self.unprobed.push(self.last());
        Health::unprobed("it cannot be asked")
    }

    fn dumper(&mut self, name: &'static str, database: &Handle<Data>) -> Service<Agent> {
        self.dumpers.push((name, database.name().as_str()));
        Service::agent(self.name(name), DUMPER_IMAGE, PROBE)
            .dumps(database)
            .user(User::Ids(1000, 1000))
            .memory(Memory::mib(16).up_to(Memory::mib(32)))
    }
}
