//! A service in the network of another one, which has what that one has and nothing without it; and one
//! in the household's network, which is a machine of it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use homelab_core::compose::File;
use homelab_core::compose::yaml::{self, Spacing};
use homelab_core::lower::lower;
use homelab_core::prelude::*;
use homelab_stand_in::probe::Target;

use crate::docker::probe;
use crate::lanes::Scene;
use crate::run::{self, output, program};
use crate::world::{INTERNET, LAN_ADDRESS, LISTENER, Side};

const PROXY: Network = Network::bridge("proxy");
const EGRESS: Network = Network::bridge("egress");
const ADDRESS: EnvVar = EnvVar::new("ADDRESS", Kind::Ipv4, "Address of the host.").or(LAN_ADDRESS);
const OTHER: EnvVar = EnvVar::new("OTHER", Kind::Hostname, "Not used.").or("home.arpa");
const PARENT: EnvVar =
    EnvVar::new("PARENT", Kind::Interface, "Interface in the household's network.").or("lan0");
const SUBNET: EnvVar =
    EnvVar::new("SUBNET", Kind::Subnet, "The household's network.").or("10.77.0.0/24");
const GATEWAY: EnvVar = EnvVar::new("GATEWAY", Kind::Ipv4, "Its router.").or("10.77.0.1");
const MACHINE_ADDRESS: &str = "10.77.0.53";
const MACHINE: EnvVar =
    EnvVar::new("MACHINE", Kind::Ipv4, "Address of the machine.").or(MACHINE_ADDRESS);
const LAN: Network =
    Network::macvlan("lan", Macvlan { parent: PARENT, subnet: SUBNET, gateway: GATEWAY });
const IMAGE: Image = Image::pinned(
    "example/none:1@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510",
);
/// What the passenger listens on, and the number on the host.
const PORT: Port = Port::new(7100);
const ON_HOST: u16 = 7101;

const SITE: Site = Site {
    project: "passage",
    domain: OTHER,
    house: OTHER,
    proxy: None,
    egress: EGRESS,
    // Beside the house's.
    subnets: Subnet::new([10, 232, 0, 0], 16),
    profiles: &[],
    never: &[],
    networks: &[PROXY, EGRESS, LAN],
    variables: &[ADDRESS, OTHER, PARENT, SUBNET, GATEWAY, MACHINE],
    memory: Memory::gib(1),
    reserve: Memory::mib(64),
    cores: 1,
};

/// A house of a few services, of images that do nothing but listen.
struct Passage {
    file: PathBuf,
    stand_in: String,
}

pub(super) fn run(scene: &Scene) -> anyhow::Result<String> {
    let folder = scene.house.folder.with_file_name("passage");
    fs::create_dir_all(&folder)?;
    let file = folder.join("compose.yaml");
    fs::write(&file, yaml::render(&house()?, "", Spacing::Dense))?;
    let stand_in = scene.world.stand_in.to_string_lossy().into_owned();
    let passage = Passage { file, stand_in };
    let tried = passage.run();
    let removed = passage.compose(&["down", "--timeout", "1", "--volumes"]);
    let told = tried?;
    removed?;
    Ok(told)
}

/// What the DSL makes of a passenger, with an image that is there.
fn house() -> anyhow::Result<File> {
    let mut stack = Stack::new(SITE);
    let health = Health::shell("true").every(Duration::from_secs(1));
    let name = ServiceName::new;
    let vpn = Service::agent(name("vpn"), IMAGE, health).egress("it is the way out");
    let vpn = stack.add(vpn.memory(Memory::mib(32).up_to(Memory::mib(32))));
    let published = Publish::at(&ADDRESS, PORT).as_host_port(ON_HOST);
    let rider = Service::app(name("rider"), IMAGE, health).through(&vpn).publish(published);
    stack.add(rider.memory(Memory::mib(32).up_to(Memory::mib(32))));
    let hermit = Service::agent(name("hermit"), IMAGE, health);
    stack.add(hermit.memory(Memory::mib(32).up_to(Memory::mib(32))));
    let machine = Service::agent(name("machine"), IMAGE, health);
    let machine = machine.ipv4_address(LAN, &MACHINE, "it is to be found there");
    stack.add(machine.memory(Memory::mib(32).up_to(Memory::mib(32))));

    let mut file = lower(&stack);
    let words = ["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"];
    let images = output(&mut program("docker", &words))?;
    let image = images.lines().next().context("the engine has no image")?;
    for (name, service) in &mut file.services {
        let port = if name == "rider" { PORT.number() } else { LISTENER };
        service.image = Some(image.to_owned());
        service.entrypoint = ["stand-in", "listen", &port.to_string()].map(str::to_owned).into();
    }
    Ok(file)
}

impl Passage {
    fn run(&self) -> anyhow::Result<String> {
        self.compose(&["up", "--detach", "--wait"])?;
        self.expect("both run", true)?;
        let hermit = gets_out("hermit")?;
        if hermit {
            bail!("a service without any network reaches the internet");
        }
        for (side, expected) in [(Side::Lan, true), (Side::Host, false), (Side::Internet, false)] {
            let command = side.program(&self.stand_in, &["probe"]);
            let open = probe(command, &[target(MACHINE_ADDRESS, LISTENER)])?[0].open;
            if open != expected {
                bail!("from {}: the machine of the LAN is reached: {open}", side.name());
            }
        }
        // Whatever the VPN's own firewall closes is closed to the passenger.
        let route = |words: &[&str]| output(&mut inside("vpn", "ip", words)?);
        let way = route(&["-o", "route", "show", "default"])?;
        route(&["route", "del", "default"])?;
        if gets_out("rider")? {
            bail!("the passenger has a way out that the VPN does not have");
        }
        let way: Vec<_> = ["route", "add"].into_iter().chain(way.split_whitespace()).collect();
        route(&way)?;
        self.expect("the VPN has its way out again", true)?;

        output(&mut program("docker", &["stop", "--time", "1", "passage-vpn-1"]))?;
        self.expect("the VPN is stopped", false)?;
        output(&mut program("docker", &["start", "passage-vpn-1"]))?;
        self.expect("the VPN has started by itself", false)?;
        let words = ["up", "--detach", "--wait", "--no-deps", "--force-recreate"];
        self.compose(&[&words[..], &["rider"]].concat())?;
        self.expect("the passenger is made anew as a deploy does it", true)?;
        self.compose(&[&words[..], &["vpn", "rider"]].concat())?;
        self.expect("both are made anew", true)?;
        Ok("the passenger reaches what the VPN does, and nobody while that is down; the LAN alone reaches \
            its machine"
            .to_owned())
    }

    /// Compares ways out and in with what is expected of both.
    fn expect(&self, when: &str, open: bool) -> anyhow::Result<()> {
        run::until(Duration::from_secs(10), || {
            let (out, inwards) = (gets_out("rider")?, self.gets_in()?);
            if (out, inwards) == (open, open) {
                return Ok(());
            }
            bail!("{when}: the passenger gets out: {out}, is reached: {inwards}, expected {open}")
        })
    }

    /// Whether the household reaches the passenger's port.
    fn gets_in(&self) -> anyhow::Result<bool> {
        let command = Side::Lan.program(&self.stand_in, &["probe"]);
        Ok(probe(command, &[target(LAN_ADDRESS, ON_HOST)])?[0].open)
    }

    fn compose(&self, words: &[&str]) -> anyhow::Result<String> {
        let mut command = program("docker", &["compose", "--progress", "quiet", "--file"]);
        output(command.arg(&self.file).args(words))
    }
}

fn gets_out(service: &str) -> anyhow::Result<bool> {
    let name = format!("passage-{service}-1");
    let command = program("docker", &["exec", "--interactive", &name, "stand-in", "probe"]);
    Ok(probe(command, &[target(INTERNET, LISTENER)])?[0].open)
}

/// A program of the host in the network of a service.
fn inside(service: &str, name: &str, words: &[&str]) -> anyhow::Result<std::process::Command> {
    let container = format!("passage-{service}-1");
    let asked = ["inspect", "--format", "{{.State.Pid}}", &container];
    let pid = output(&mut program("docker", &asked))?;
    let namespace = format!("--net=/proc/{}/ns/net", pid.trim());
    let mut command = program("nsenter", &[&namespace, name]);
    command.args(words);
    Ok(command)
}

fn target(host: &str, port: u16) -> Target {
    Target { host: host.to_owned(), port, protocol: "tcp".to_owned() }
}
