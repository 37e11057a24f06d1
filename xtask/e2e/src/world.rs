//! A world of its own for each lane: network, mounts, processes, and an engine that runs in it.
//!
//! ```text
//! lan 10.77.0.20 ── 10.77.0.10 host 198.51.100.10 ── 198.51.100.20 internet 203.0.113.5
//! ```
//!
//! The host is this namespace: the engine listens at `/run/docker.sock` as on any host, and no
//! port, network name or rule of the firewall meets those of the machine or of another lane.
//! When the lane's first process ends, the kernel ends everything in it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::images::Images;
use crate::run::{self, output, program};
use crate::way_out;

/// The host's address in the household's network.
pub(crate) const LAN_ADDRESS: &str = "10.77.0.10";

/// The host's address that the internet sees.
pub(crate) const WAN_ADDRESS: &str = "198.51.100.10";

/// An address on the internet, and one in the household, where something listens.
pub(crate) const INTERNET: &str = "203.0.113.5";
pub(crate) const LAN_PEER: &str = "10.77.0.20";

/// The control group below which the containers of all lanes run.
pub(crate) const CGROUP: &str = "homelab-e2e";

/// The name of a slot's own group: slots of two clones have the same name, but not the same inode.
pub(crate) fn group(slot: &Path) -> anyhow::Result<String> {
    let name = slot.file_name().unwrap_or_default().to_string_lossy();
    Ok(format!("{name}-{}", fs::metadata(slot)?.ino()))
}

/// Where the engine listens, as on any host.
pub(crate) const SOCKET: &str = "/run/docker.sock";

/// Where the suite's listeners listen.
pub(crate) const LISTENER: u16 = 7007;

/// A lane's host.
#[derive(Debug)]
pub(crate) struct World {
    /// The lane's folder outside: engine data, logs.
    pub(crate) folder: PathBuf,
    /// The stand-in program, which is also the suite's listener and probe.
    pub(crate) stand_in: PathBuf,
    engine: Option<Child>,
    /// Apart from the engine, as on a real host: it outlives the engine's end.
    runtime: Option<Child>,
    /// Through which the engine reaches registries outside.
    proxy: Option<String>,
    listeners: Vec<Child>,
}

/// A place to try a connection from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Host,
    Lan,
    Internet,
}

impl Side {
    pub(crate) const ALL: [Self; 3] = [Self::Host, Self::Lan, Self::Internet];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Lan => "lan",
            Self::Internet => "internet",
        }
    }

    /// A program that runs there.
    pub(crate) fn program(self, name: &str, words: &[&str]) -> Command {
        match self {
            Self::Host => program(name, words),
            Self::Lan | Self::Internet => {
                let mut command = program("ip", &["netns", "exec", self.name(), name]);
                command.args(words);
                command
            }
        }
    }
}

impl World {
    /// Makes the world inside fresh namespaces and the host's root, starts the engine and gives it the
    /// images, unless they come from a registry; `way_out` leads to registries outside.
    pub(crate) fn open(
        folder: &Path,
        stand_in: &Path,
        images: Option<&Images>,
        way_out: Option<&Path>,
    ) -> anyhow::Result<Self> {
        network()?;
        way_out.map_or(Ok(()), way_out::relay)?;
        let mut world = Self {
            folder: folder.to_owned(),
            stand_in: stand_in.to_owned(),
            engine: None,
            runtime: None,
            proxy: way_out.map(|_| format!("http://{}", way_out::ADDRESS)),
            listeners: Vec::new(),
        };
        world.boot()?;
        remove_leftovers(&world.folder.join("engine"))?;
        images.map_or(Ok(()), load)?;
        world.listen()?;
        Ok(world)
    }

    /// Starts containerd, which holds the containers, at the place where the engine looks for it.
    fn start_runtime(&mut self) -> anyhow::Result<()> {
        let log = self.log("containerd.log")?;
        let mut command = Command::new("containerd");
        command
            .args(["--config", "/dev/null", "--state", "/run/containerd", "--root"])
            .arg(self.folder.join("engine/containerd"))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.runtime = Some(command.spawn().context("cannot run containerd")?);
        run::until(Duration::from_secs(30), || {
            fs::metadata("/run/containerd/containerd.sock").context("containerd has no socket")
        })?;
        Ok(())
    }

    fn log(&self, name: &str) -> anyhow::Result<fs::File> {
        let path = self.folder.join(name);
        fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))
    }

    /// Starts the engine and waits until it answers.
    pub(crate) fn start_engine(&mut self) -> anyhow::Result<()> {
        let log = self.log("engine.log")?;
        let data = self.folder.join("engine");
        let group = group(&self.folder)?;
        let mut command = Command::new("dockerd");
        command
            .arg("--data-root")
            .arg(&data)
            .args(["--exec-root", "/run/docker", "--pidfile", "/run/docker.pid"])
            .args(["--host", &format!("unix://{SOCKET}")])
            .args(["--cgroup-parent", &format!("/{CGROUP}/{group}")])
            .args(["--exec-opt", "native.cgroupdriver=cgroupfs"])
            // A name server that knows no name.
            .args(["--dns", INTERNET])
            .envs(self.proxy.iter().map(|it| ("HTTPS_PROXY", it)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.engine = Some(command.spawn().context("cannot run dockerd")?);
        run::until(Duration::from_mins(1), || {
            output(&mut program("docker", &["version", "--format", "{{.Server.Version}}"]))
        })
        .with_context(|| {
            format!("the engine does not start, see {}/engine.log", self.folder.display())
        })?;
        Ok(())
    }

    /// The folder of a volume of the house.
    pub(crate) fn volume(&self, name: &str) -> PathBuf {
        self.folder.join(format!("engine/volumes/homelab_{name}/_data"))
    }

    /// Ends the engine: by SIGTERM as at a shutdown, or at once as when the power fails.
    pub(crate) fn stop_engine(&mut self, at_once: bool) -> anyhow::Result<()> {
        let Some(mut engine) = self.engine.take() else { bail!("there is no engine") };
        if at_once {
            engine.kill()?;
        } else {
            kill_process(Pid::from_child(&engine), Signal::TERM)?;
        }
        engine.wait()?;
        Ok(())
    }

    /// Ends engine, runtime and every container at once, and empties `/run`, as when the power fails.
    pub(crate) fn cut_the_power(&mut self) -> anyhow::Result<()> {
        self.stop_engine(true)?;
        if let Some(mut runtime) = self.runtime.take() {
            runtime.kill()?;
            runtime.wait()?;
        }
        for pid in pids_of_containers()? {
            // One that has just ended is no error.
            let _ = kill_process(pid, Signal::KILL);
        }
        for line in fs::read_to_string("/proc/self/mounts")?.lines().rev() {
            let point = line.split(' ').nth(1).unwrap_or_default();
            let is_engines =
                ["/run/docker/", "/run/containerd/"].iter().any(|it| point.starts_with(it));
            if is_engines || point.starts_with(&*self.folder.join("engine").to_string_lossy()) {
                output(&mut program("umount", &["--lazy", point]))?;
            }
        }
        output(&mut program("rm", &["-rf", "/run/docker", "/run/containerd", "/run/docker.pid"]))?;
        Ok(())
    }

    /// Starts what a boot starts.
    pub(crate) fn boot(&mut self) -> anyhow::Result<()> {
        self.start_runtime()?;
        self.start_engine()
    }

    /// Something to connect to on every side.
    fn listen(&mut self) -> anyhow::Result<()> {
        for side in Side::ALL {
            let stand_in = self.stand_in.to_string_lossy().into_owned();
            let mut command = side.program(&stand_in, &["listen", &LISTENER.to_string()]);
            self.listeners.push(command.stdin(Stdio::null()).spawn()?);
        }
        // The name server that the engine was told of.
        let names = self.folder.join("names").to_string_lossy().into_owned();
        let _ = fs::remove_file(&names);
        fs::write(&names, "")?;
        let mut command =
            Side::Internet.program(&self.stand_in.to_string_lossy(), &["names", &names]);
        self.listeners.push(command.stdin(Stdio::null()).spawn()?);
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for listener in &mut self.listeners {
            let _ = listener.kill();
        }
        let _ = remove_leftovers(&self.folder.join("engine"));
        let _ = self.stop_engine(false);
        if let Some(runtime) = &mut self.runtime {
            let _ = runtime.kill();
        }
    }
}

/// Removes what an earlier run or lane left: containers, networks, volumes; images stay.
fn remove_leftovers(data: &Path) -> anyhow::Result<()> {
    let words = ["info", "--format", "{{.DockerRootDir}}"];
    let root = output(&mut program("docker", &words))?;
    if Path::new(root.trim()) != data {
        bail!(
            "the engine that answers keeps its data in {}, expected {}",
            root.trim(),
            data.display()
        );
    }
    let containers = output(&mut program("docker", &["ps", "--all", "--quiet"]))?;
    for id in containers.lines() {
        output(&mut program("docker", &["rm", "--force", "--volumes", id]))?;
    }
    output(&mut program("docker", &["network", "prune", "--force"]))?;
    let volumes = output(&mut program("docker", &["volume", "ls", "--quiet"]))?;
    for name in volumes.lines() {
        output(&mut program("docker", &["volume", "rm", "--force", name]))?;
    }
    Ok(())
}

/// Loads the images that are not there yet, and drops those of an earlier state of the stack.
fn load(images: &Images) -> anyhow::Result<()> {
    let listed =
        output(&mut program("docker", &["images", "--format", "{{.Repository}}:{{.Tag}}"]))?;
    let present: Vec<_> = listed.lines().collect();
    if images.references.iter().all(|(_, it)| present.contains(&it.as_str())) {
        return Ok(());
    }
    let ids: BTreeSet<_> = output(&mut program("docker", &["images", "--quiet"]))?
        .lines()
        .map(str::to_owned)
        .collect();
    for old in ids {
        output(&mut program("docker", &["rmi", "--force", &old]))?;
    }
    let mut command = program("docker", &["load", "--quiet", "--input"]);
    output(command.arg(&images.archive))?;
    Ok(())
}

/// Processes in the control groups of the lanes, and those that hold them; others are not in this
/// namespace.
fn pids_of_containers() -> anyhow::Result<Vec<Pid>> {
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let groups = fs::read_to_string(path.join("cgroup")).unwrap_or_default();
        let command = fs::read_to_string(path.join("comm")).unwrap_or_default();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let pid = name.parse().ok().and_then(Pid::from_raw);
        if groups.contains(CGROUP) || command.starts_with("containerd-shim") {
            pids.extend(pid);
        }
    }
    Ok(pids)
}

fn network() -> anyhow::Result<()> {
    for line in [
        "link set lo up",
        "netns add lan",
        "netns add internet",
        "link add lan0 type veth peer name eth0 netns lan",
        "link add wan0 type veth peer name eth0 netns internet",
        "addr add 10.77.0.10/24 dev lan0",
        "addr add 198.51.100.10/24 dev wan0",
        "link set lan0 up",
        "link set wan0 up",
        "-n lan addr add 10.77.0.20/24 dev eth0",
        "-n lan link set lo up",
        "-n lan link set eth0 up",
        "-n internet addr add 198.51.100.20/24 dev eth0",
        "-n internet addr add 203.0.113.5/32 dev lo",
        "-n internet link set lo up",
        "-n internet link set eth0 up",
        // Answers come from the address that was asked, also to datagrams.
        "-n internet route replace 198.51.100.0/24 dev eth0 src 203.0.113.5",
        "route add default via 198.51.100.20",
        "-n lan route add 198.51.100.0/24 via 10.77.0.10",
        // Somebody in the household, or at the provider, who adds routes to the host's inner networks.
        "-n lan route add 172.16.0.0/12 via 10.77.0.10",
        "-n lan route add 192.168.0.0/16 via 10.77.0.10",
        "-n internet route add 172.16.0.0/12 via 198.51.100.10",
        "-n internet route add 192.168.0.0/16 via 198.51.100.10",
        "-n lan route add 10.231.0.0/16 via 10.77.0.10",
        "-n internet route add 10.231.0.0/16 via 198.51.100.10",
    ] {
        let words: Vec<_> = line.split(' ').collect();
        output(&mut program("ip", &words))?;
    }
    let name = fs::read_to_string("/proc/sys/kernel/hostname")?;
    fs::write("/etc/hosts", format!("127.0.0.1 localhost\n127.0.1.1 {name}\n"))?;
    fs::write("/etc/resolv.conf", format!("nameserver {INTERNET}\n"))?;
    // As on a host that is no router: the engine switches forwarding on, and closes it for others.
    fs::write("/proc/sys/net/ipv4/ip_forward", "0").context("cannot switch forwarding off")
}
