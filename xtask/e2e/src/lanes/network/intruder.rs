//! What an app that somebody took over tries besides connections: names, frames, side doors.

use anyhow::{Context as _, bail};
use homelab_core::compose::bridge;
use homelab_core::model::project::{Member, Project};
use homelab_stand_in::probe::Target;

use crate::docker::{self, Container, probe};
use crate::lanes::Scene;
use crate::run::{self, output, program};
use crate::world::{INTERNET, LAN_ADDRESS, LAN_PEER, LISTENER, Side, WAN_ADDRESS};

/// Every name, asked from every container: the engine tells it to those on a common network.
///
/// Also on the network that leads out, on which they do not reach each other.
pub(super) fn names(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let containers = docker::containers()?;
    let members: Vec<_> = project.members().collect();
    let names: Vec<_> = members.iter().map(|it| it.name).collect();
    // Side by side: before Engine 28 a name that is not told takes as long as the name server of the host.
    let line = format!(
        "printf '%s\\n' {} | xargs -P 8 -I {{}} sh -c 'timeout 5 getent hosts {{}} >/dev/null && echo {{}}'; true",
        names.join(" ")
    );
    let ask = |member: &Member<'_>| of(&containers, member)?.exec(&["sh", "-c", &line]);
    let said = std::thread::scope(|scope| {
        let asked: Vec<_> = members.iter().map(|it| scope.spawn(|| ask(it))).collect();
        let said = asked.into_iter().map(|it| it.join().unwrap_or_else(|_| bail!("it panicked")));
        said.collect::<anyhow::Result<Vec<_>>>()
    })?;
    let (mut wrong, mut told) = (Vec::new(), 0);
    for (member, said) in members.iter().zip(&said) {
        for other in members.iter().filter(|it| it.name != member.name) {
            let measured = said.lines().any(|it| it == other.name);
            told += usize::from(measured);
            let on = &other.service.networks;
            if measured != member.service.networks.iter().any(|it| on.contains(it)) {
                wrong.push(format!("{} is told {}: {measured}", member.name, other.name));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(format!("{told} of {} names told, as predicted", names.len() * (names.len() - 1)))
}

/// A port on which nobody listens: the kernel counts what comes to it.
const NOBODY: u16 = 33_333;

/// Frames to a neighbour for somebody on that one's other networks: who has `NET_RAW` can send them.
///
/// A route in the sender's namespace makes the kernel send such frames; the containers themselves
/// may not set one. They are counted where they would arrive, since no answer finds the way back.
/// Where the host's firewall sees what is bridged, it drops them for being on an internal network;
/// a host need not have that switched on, so it is off meanwhile.
pub(super) fn frames(scene: &Scene) -> anyhow::Result<String> {
    const FIREWALL_SEES_BRIDGES: &str = "/proc/sys/net/bridge/bridge-nf-call-iptables";
    std::fs::write(FIREWALL_SEES_BRIDGES, "0").context("this engine uses no br_netfilter")?;
    let tried = try_frames(scene);
    std::fs::write(FIREWALL_SEES_BRIDGES, "1")?;
    tried
}

fn try_frames(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let containers = docker::containers()?;
    let raw = |it: &Member<'_>| it.service.cap_add.iter().any(|it| it == "NET_RAW");
    let (mut wrong, mut tried, mut is_shown) = (Vec::new(), 0, false);
    for from in project.members().filter(raw) {
        for Detour { router, by, to, address, is_open } in detours(&project, &containers, &from)? {
            let (sender, receiver) = (of(&containers, &from)?, of(&containers, &to)?);
            let came = || came(scene, sender, receiver, &by, &address);
            let what = format!("{} through {} to {} at {address}", from.name, router.name, to.name);
            tried += 1;
            if came()? > 0 {
                wrong.push(what.clone());
            }
            if is_open && !is_shown {
                // The same frames arrive when it does forward, as by the host's default it would.
                let router = of(&containers, &router)?;
                forward(router, true)?;
                let arrived = came();
                forward(router, false)?;
                if arrived? == 0 {
                    bail!("{what}: frames do not arrive either way, so this shows nothing");
                }
                is_shown = true;
            }
        }
    }
    if !wrong.is_empty() {
        bail!("forwarded: {}", wrong.join(", "));
    }
    if !is_shown {
        bail!("no service may send frames: this step has nothing to try");
    }
    Ok(format!("{tried} detours tried, none leads anywhere"))
}

/// A neighbour, and whom it could forward to.
struct Detour<'a> {
    router: Member<'a>,
    /// The neighbour's address where the sender is.
    by: String,
    to: Member<'a>,
    address: String,
    /// Whether the sender reaches the neighbour.
    is_open: bool,
}

fn detours<'a>(
    project: &'a Project<'_>,
    containers: &[Container],
    from: &Member<'_>,
) -> anyhow::Result<Vec<Detour<'a>>> {
    let address = |it: &Member<'_>, network: &str| -> anyhow::Result<String> {
        let real = project.file().networks.get(network).and_then(|it| it.name.as_ref());
        let address = real.and_then(|real| of(containers, it).ok()?.addresses.get(real).cloned());
        address.with_context(|| format!("{} is not on {network}", it.name))
    };
    let mut detours = Vec::new();
    for here in from.networks() {
        for router in project.on_network(here).filter(|it| it.name != from.name) {
            let there = router.networks().iter();
            for network in there.filter(|it| !from.networks().contains(it)) {
                for to in project.on_network(network).filter(|it| it.name != router.name) {
                    detours.push(Detour {
                        router,
                        by: address(&router, here)?,
                        to,
                        address: address(&to, network)?,
                        is_open: project.connects_members(here),
                    });
                }
            }
        }
    }
    Ok(detours)
}

/// Sends datagrams to an address by a neighbour, and returns how many came.
fn came(
    scene: &Scene,
    from: &Container,
    to: &Container,
    by: &str,
    address: &str,
) -> anyhow::Result<u64> {
    let target = Target { host: address.to_owned(), port: NOBODY, protocol: "udp".to_owned() };
    let before = refused(to)?;
    output(&mut inside(from, "ip", &["route", "add", address, "via", by]))?;
    let stand_in = scene.world.stand_in.to_string_lossy();
    let sent = probe(inside(from, &stand_in, &["probe"]), &vec![target; 10]);
    output(&mut inside(from, "ip", &["route", "del", address]))?;
    sent?;
    Ok(refused(to)? - before)
}

/// Datagrams that came to a port on which nobody listens.
fn refused(container: &Container) -> anyhow::Result<u64> {
    let text = container.exec(&["cat", "/proc/net/snmp"])?;
    let numbers = text.lines().filter_map(|it| it.strip_prefix("Udp: ")).nth(1);
    let second = numbers.and_then(|it| it.split(' ').nth(1)).context("no count of datagrams")?;
    Ok(second.parse()?)
}

fn forward(container: &Container, yes: bool) -> anyhow::Result<()> {
    let line = format!("echo {} >/proc/sys/net/ipv4/ip_forward", u8::from(yes));
    output(&mut inside(container, "sh", &["-c", &line])).map(|_| ())
}

/// A port that is published by who needs no internet: it answers the household, and what the
/// container sends gets no answer from outside, since nobody there knows its address.
pub(super) fn port_alone(scene: &Scene) -> anyhow::Result<String> {
    const NAME: &str = "port-alone";
    let option = format!("{}=false", bridge::MASQUERADE);
    let words = ["network", "create", "--opt", &option, "--subnet", "10.231.255.248/29", NAME];
    output(&mut program("docker", &words))?;
    let routes = |verb: &str| -> anyhow::Result<()> {
        for (side, by) in [("lan", LAN_ADDRESS), ("internet", WAN_ADDRESS)] {
            let words = ["-n", side, "route", verb, "10.231.0.0/16", "via", by];
            output(&mut program("ip", &words))?;
        }
        Ok(())
    };
    // Without the neighbours who have added one.
    routes("del")?;
    let tried = try_port_alone(scene, NAME);
    routes("add")?;
    let _ = run::attempt(&mut program("docker", &["rm", "--force", NAME]));
    output(&mut program("docker", &["network", "rm", NAME]))?;
    tried
}

fn try_port_alone(scene: &Scene, name: &str) -> anyhow::Result<String> {
    let images = docker::containers()?;
    let image = images.first().and_then(|it| it.all.pointer("/Image")?.as_str());
    let image = image.context("nothing runs")?;
    let published = format!("{LAN_ADDRESS}:{NOBODY}:{LISTENER}");
    let words = ["run", "--detach", "--name", name, "--network", name, "--publish", &published];
    let mut command = program("docker", &words);
    command.args(["--entrypoint", "stand-in", image, "listen", &LISTENER.to_string()]);
    output(&mut command)?;
    let at = |host: &str, port: u16, protocol: &str| Target {
        host: host.to_owned(),
        port,
        protocol: protocol.to_owned(),
    };
    let stand_in = scene.world.stand_in.to_string_lossy();
    let inwards = run::until(std::time::Duration::from_secs(20), || {
        let port = [at(LAN_ADDRESS, NOBODY, "tcp")];
        let outcome = probe(Side::Lan.program(&stand_in, &["probe"]), &port)?;
        if outcome[0].open { Ok(()) } else { bail!("{}", outcome[0].because) }
    });
    inwards.context("the household gets no answer at the published port")?;
    let outside = [
        at(INTERNET, LISTENER, "tcp"),
        at(INTERNET, LISTENER, "udp"),
        at(LAN_PEER, LISTENER, "tcp"),
    ];
    let command = program("docker", &["exec", "--interactive", name, "stand-in", "probe"]);
    let open: Vec<_> = { probe(command, &outside)? }.into_iter().map(|it| it.open).collect();
    if open.contains(&true) {
        bail!("the internet by TCP and UDP, the household: it got answers from {open:?}");
    }
    Ok("the household is answered, nobody outside answers".to_owned())
}

/// A program of the host in the network of a container.
fn inside(container: &Container, name: &str, words: &[&str]) -> std::process::Command {
    let namespace = format!("--net=/proc/{}/ns/net", container.pid);
    let mut command = program("nsenter", &[&namespace, name]);
    command.args(words);
    command
}

fn of<'a>(containers: &'a [Container], member: &Member<'_>) -> anyhow::Result<&'a Container> {
    let found = containers.iter().find(|it| it.service == member.name);
    found.with_context(|| format!("{} does not run", member.name))
}
