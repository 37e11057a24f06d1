//! The host, the household's network and the internet: ways in and ways out.

use anyhow::{Context as _, bail};
use homelab_core::compose::Network;
use homelab_core::dsl::units::Protocol;
use homelab_core::model::project::{Member, Project};
use homelab_core::model::reach::{self, At, WayIn, Zone};
use homelab_stand_in::probe::{Outcome, Target};

use super::pairs;
use crate::docker::{self, Container, probe};
use crate::lanes::Scene;
use crate::run::{output, program};
use crate::world::{INTERNET, LAN_ADDRESS, LAN_PEER, LISTENER, Side, WAN_ADDRESS};

/// The place that a side of this world plays.
const fn place(side: Side) -> Zone {
    match side {
        Side::Host => Zone::Host,
        Side::Lan => Zone::Lan,
        Side::Internet => Zone::Internet,
    }
}

/// An attempt from outside and what the model says of it.
struct Attempt {
    what: String,
    target: Target,
    predicted: bool,
    /// A published port, asked at the container's own address.
    published_directly: bool,
}

/// Engines before this one let whoever adds a route reach published ports at the container's own
/// address, whatever host address they are published at (so 20.10.24, and
/// not 28.5.2; the version is that of Docker Engine 28.0's release notes).
const DIRECT_IS_CLOSED: u32 = 28;

/// From every side: every port of the contract at every address of the host and of the container.
pub(super) fn ways_in(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let containers = docker::containers()?;
    let leaks = docker::engine_major()? < DIRECT_IS_CLOSED;
    let (mut wrong, mut tried, mut open, mut leaked) = (Vec::new(), 0, 0, 0);
    for side in Side::ALL {
        let attempts = attempts(&project, &containers, side)?;
        for (attempt, outcome) in
            attempts.iter().zip(outcomes(scene, &containers, side, &attempts)?)
        {
            tried += 1;
            open += usize::from(outcome.open);
            if leaks && outcome.open && attempt.published_directly {
                leaked += 1;
            } else if outcome.open != attempt.predicted {
                let (what, because) = (&attempt.what, &outcome.because);
                wrong.push(format!(
                    "{} -> {what}: predicted {}, measured {} ({because})",
                    side.name(),
                    attempt.predicted,
                    outcome.open
                ));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{} of {tried} differ\n{}", wrong.len(), wrong.join("\n"));
    }
    let leaked = match leaked {
        0 => String::new(),
        count => format!(
            "\n{count} published ports also answer at the container's own address to who adds a \
             route: Docker before {DIRECT_IS_CLOSED} does not close that"
        ),
    };
    Ok(format!(
        "{tried} connections tried from host, LAN and internet, {open} open, all as predicted{leaked}"
    ))
}

/// Tries them from a side of the world; who never answers is asked what came.
fn outcomes(
    scene: &Scene,
    containers: &[Container],
    side: Side,
    attempts: &[Attempt],
) -> anyhow::Result<Vec<Outcome>> {
    let ask = |it: &[Target]| {
        probe(side.program(&scene.world.stand_in.to_string_lossy(), &["probe"]), it)
    };
    let targets: Vec<_> = attempts.iter().map(|it| it.target.clone()).collect();
    let predicted: Vec<_> = attempts.iter().map(|it| it.predicted).collect();
    let mut outcomes = ask(&targets)?;
    pairs::again(&mut outcomes, &targets, &predicted, ask)?;
    for (attempt, outcome) in attempts.iter().zip(&mut outcomes) {
        let silent = pairs::SILENT.iter().find(|it| it.1 == attempt.target.port);
        let Some((name, _)) = silent else { continue };
        let container = containers.iter().find(|it| it.service == *name).context("no container")?;
        // It hears others, too, such as its own announcements: what is odd is asked again.
        for _ in 0..3 {
            let before = pairs::datagrams(container)?;
            ask(&pairs::many(&attempt.target))?;
            let came = pairs::datagrams(container)? - before;
            *outcome = Outcome { open: pairs::is_moved(came), because: format!("{came} came") };
            if outcome.open == attempt.predicted {
                break;
            }
        }
    }
    Ok(outcomes)
}

fn attempts(
    project: &Project<'_>,
    containers: &[Container],
    side: Side,
) -> anyhow::Result<Vec<Attempt>> {
    let ways: Vec<_> =
        reach::ways_in(project).into_iter().filter(|it| it.from == place(side)).collect();
    let mut attempts = Vec::new();
    for member in project.members() {
        let contract = member.contract().context("a service without contract")?;
        let container = containers.iter().find(|it| it.service == member.name);
        let container = container.with_context(|| format!("{} does not run", member.name))?;
        for port in contract.ports.items() {
            let same = |it: &&WayIn| it.port == port.number() && it.protocol == port.protocol();
            let ways = || ways.iter().filter(same);
            let published = side != Side::Host
                && member
                    .service
                    .ports
                    .iter()
                    .any(|it| it.target == port.number() && it.protocol == port.protocol());
            let mut attempt = |host: &str, network: &str, predicted: bool| {
                let protocol = port.protocol().to_string();
                let target = Target { host: host.to_owned(), port: port.number(), protocol };
                let what = format!("{} {port} at {host}{network}", member.name);
                let published_directly = published && !network.is_empty();
                attempts.push(Attempt { what, target, predicted, published_directly });
            };
            for address in addresses_of_the_host(side) {
                // Whoever publishes that port answers there.
                attempt(address, "", ways().any(|it| is_at(it, address)));
            }
            for (network, address) in &container.addresses {
                let key = key_of(project, network);
                let own = |it: &WayIn| {
                    matches!(&it.at, At::Network(on) if Some(on) == key) && it.to == member.name
                };
                attempt(address, &format!(" on {network}"), ways().any(own));
            }
        }
    }
    Ok(attempts)
}

/// The key of a network in the file, by its real name.
fn key_of<'a>(project: &'a Project<'_>, real: &str) -> Option<&'a String> {
    let mut networks = project.file().networks.iter();
    networks.find(|it| it.1.name.as_deref() == Some(real)).map(|it| it.0)
}

/// Those that a side can ask: a loopback address is everybody's own, and no router of the
/// internet forwards a private one.
fn addresses_of_the_host(side: Side) -> &'static [&'static str] {
    match side {
        Side::Host => &[LAN_ADDRESS, WAN_ADDRESS, "127.0.0.1"],
        Side::Lan => &[LAN_ADDRESS, WAN_ADDRESS],
        Side::Internet => &[WAN_ADDRESS],
    }
}

fn is_at(way: &WayIn, address: &str) -> bool {
    match &way.at {
        At::EveryAddress => true,
        At::Address(it) => it == address,
        At::Network(_) => false,
    }
}

/// Containers that ask at the same time.
const AT_ONCE: usize = 4;

/// From every container: the internet, the household, the host, and what the host publishes.
pub(super) fn ways_out(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let containers = docker::containers()?;
    let gateways = gateways(&project, &containers);
    let published = reach::ways_in(&project);
    let members: Vec<_> = project.members().collect();
    let (mut wrong, mut tried, mut open) = (Vec::new(), 0, 0);
    for some in members.chunks(AT_ONCE) {
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let start = |member| {
                let (project, gateways, published) = (&project, &gateways, &published);
                let containers = &containers;
                scope.spawn(move || from_one(project, member, containers, gateways, published))
            };
            let workers: Vec<_> = some.iter().map(start).collect();
            workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect()
        });
        for outcome in outcomes {
            let outcome = outcome.map_err(|_| anyhow::anyhow!("a worker panicked"))??;
            wrong.extend(outcome.0);
            tried += outcome.1;
            open += outcome.2;
        }
    }
    if !wrong.is_empty() {
        bail!("{} of {tried} differ\n{}", wrong.len(), wrong.join("\n"));
    }
    Ok(format!("{tried} ways tried, {open} open, all as predicted"))
}

/// Tries everything from one container: what differs, how many were tried, how many were open.
fn from_one(
    project: &Project<'_>,
    member: &Member<'_>,
    containers: &[Container],
    gateways: &[Gateway],
    published: &[WayIn],
) -> anyhow::Result<(Vec<String>, usize, usize)> {
    let container = containers.iter().find(|it| it.service == member.name);
    let container = container.with_context(|| format!("{} does not run", member.name))?;
    let asked = asked(project, member, gateways, published);
    let targets: Vec<_> = asked.iter().map(|it| it.target.clone()).collect();
    let mut outcomes = container.probe(&targets)?;
    let predicted: Vec<_> = asked.iter().map(|it| it.predicted).collect();
    pairs::again(&mut outcomes, &targets, &predicted, |it| container.probe(it))?;
    let wrong = asked.iter().zip(&outcomes).filter(|(it, outcome)| it.predicted != outcome.open);
    let wrong = wrong.map(|(Attempt { what, predicted, .. }, Outcome { open, because })| {
        format!("{} -> {what}: predicted {predicted}, measured {open} ({because})", member.name)
    });
    Ok((wrong.collect(), asked.len(), outcomes.iter().filter(|it| it.open).count()))
}

/// The host's address on a network, or the one that would be: the first one, by the engine's custom.
struct Gateway {
    address: String,
    has_host: bool,
}

/// Of every network, whoever is on it; without those that an engine gave to a container.
fn gateways(project: &Project<'_>, containers: &[Container]) -> Vec<Gateway> {
    let first = |subnet: &str| {
        let (address, _) = subnet.split_once('/')?;
        let address: std::net::Ipv4Addr = address.parse().ok()?;
        Some(std::net::Ipv4Addr::from_bits(address.to_bits() + 1).to_string())
    };
    let gateway = |(_, it): (&String, &Network)| {
        let address = it.subnets().next().and_then(first)?;
        Some(Gateway { address, has_host: it.has_host() })
    };
    let taken = |it: &Gateway| {
        containers.iter().any(|container| container.addresses.values().any(|on| *on == it.address))
    };
    let all = project.file().networks.iter().filter_map(gateway);
    all.filter(|it| !taken(it)).collect()
}

/// What one container asks for.
fn asked(
    project: &Project<'_>,
    member: &Member<'_>,
    gateways: &[Gateway],
    ways: &[WayIn],
) -> Vec<Attempt> {
    let gets_out = |place| reach::gets_out(project, member, place);
    let mut asked = Vec::new();
    let mut ask = |what: &str, target: Target, predicted: bool| {
        let what = format!("{what}, {}:{}", target.host, target.port);
        asked.push(Attempt { what, target, predicted, published_directly: false });
    };
    for protocol in ["tcp", "udp"] {
        let target = Target { protocol: protocol.to_owned(), ..listener(INTERNET) };
        ask("the internet", target, gets_out(Zone::Internet));
    }
    ask("the household", listener(LAN_PEER), gets_out(Zone::Lan));
    // The host answers at each of its addresses, whoever's network that is on, and at no other.
    for gateway in gateways {
        let answers = gateway.has_host && gets_out(Zone::Host);
        ask("the host", listener(&gateway.address), answers);
    }
    for address in [LAN_ADDRESS, WAN_ADDRESS] {
        ask("the host", listener(address), gets_out(Zone::Host));
    }
    // Published ports: as from the household, by a network that leads out.
    let is_tcp = |it: &&WayIn| it.protocol == Protocol::Tcp && it.from == Zone::Lan;
    for way in ways.iter().filter(is_tcp).filter(|it| !matches!(it.at, At::Network(_))) {
        let what = format!("{} by the host", way.to);
        let own = gateways.iter().filter(|it| it.has_host).map(|it| it.address.as_str());
        for address in own.chain([LAN_ADDRESS, WAN_ADDRESS]) {
            let target = Target { port: way.port, ..listener(address) };
            ask(&what, target, gets_out(Zone::Lan) && is_at(way, address));
        }
    }
    asked
}

/// The one hole that the model does not show: on a host that forwarded packets before its engine
/// started, older engines leave every port of a network that leads out open to a neighbour who
/// adds a route.
pub(super) fn on_a_router(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let containers = docker::containers()?;
    let leaks = docker::engine_major()? < DIRECT_IS_CLOSED;
    let internal = |it: &Attempt| {
        let network = it.what.rsplit_once(" on ").map(|it| it.1);
        let mut networks = project.file().networks.iter();
        networks.any(|(key, it)| it.name.as_deref() == network && project.is_internal(key))
    };
    let mut attempts = attempts(&project, &containers, Side::Lan)?;
    attempts.retain(|it| it.what.contains(" on "));
    for attempt in &mut attempts {
        attempt.predicted = leaks && !internal(attempt);
    }
    output(&mut program("iptables", &["--policy", "FORWARD", "ACCEPT"]))?;
    let outcomes = outcomes(scene, &containers, Side::Lan, &attempts);
    output(&mut program("iptables", &["--policy", "FORWARD", "DROP"]))?;
    let outcomes = outcomes?;
    let tried = || attempts.iter().zip(&outcomes);
    let wrong: Vec<_> =
        tried().filter(|it| it.0.predicted != it.1.open).map(|it| &it.0.what).collect();
    if !wrong.is_empty() {
        bail!("not as docs/runbooks/first-start.md says: {wrong:?}");
    }
    let open = tried().filter(|it| it.1.open).count();
    let version = docker::engine_version()?;
    Ok(format!("{open} of {} ports open with Docker Engine {version}", attempts.len()))
}

/// Names of the internet, asked from every container: those who do not get out must not get
/// anything out by their questions either.
pub(super) fn names(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let containers = docker::containers()?;
    std::thread::scope(|scope| {
        for it in &containers {
            scope.spawn(|| {
                let name = format!("{}.leak.example", it.service);
                // No name is known there: it fails for all.
                let _ = it.attempt_as("0:0", &["timeout", "15", "getent", "hosts", &name]);
            });
        }
    });
    let asked = std::fs::read_to_string(scene.world.folder.join("names"))?;
    let (mut wrong, mut got_out) = (Vec::new(), 0);
    for member in project.members() {
        let measured = asked.lines().any(|it| it == format!("{}.leak.example", member.name));
        got_out += usize::from(measured);
        if measured != reach::gets_out(&project, &member, Zone::Internet) {
            wrong.push(format!("{}: its question got out: {measured}", member.name));
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(format!("{got_out} of {} get out, as predicted", containers.len()))
}

fn listener(host: &str) -> Target {
    Target { host: host.to_owned(), port: LISTENER, protocol: "tcp".to_owned() }
}
