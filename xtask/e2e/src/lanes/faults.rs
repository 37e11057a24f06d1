//! What happens in a house: a process dies, the engine restarts, a disk is full.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use homelab_stand_in::probe::Target;
use rustix::process::{Pid, Signal, kill_process};

use super::{Scene, photos};
use crate::browser::Browser;
use crate::docker::{self, Container};
use crate::health;
use crate::report::{LaneEnds, Steps};
use crate::run::{self, output, program};
use crate::world::World;

/// How long a killed service may take to answer again: a restart, and a database's recovery.
const RETURN: Duration = Duration::from_secs(45);

/// Bytes of the disk that the dumps are on.
const DISK: &str = "size=1m,uid=999,gid=999,mode=0755";

pub(super) fn run(scene: &mut Scene, steps: &mut Steps) -> Result<(), LaneEnds> {
    steps.need("every profile on, dumps on a small disk of their own", || {
        scene.house.set("BACKUP_SCHEDULE", "\"@every 15s\"")?;
        scene.house.choose(&scene.model.together())?;
        let dumps = photos::dumps(scene);
        output(program("mount", &["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(&dumps))?;
        scene.everything_on()
    })?;
    let mut kept = Treasure::default();
    steps.need("what must not get lost: photos, rows, keys, every folder's mark", || {
        photos::write_rows(scene)?;
        kept = Treasure::of(scene)?;
        Ok(format!("{} things", kept.0.len()))
    })?;
    for service in scene.model.enabled(&scene.model.together()) {
        steps.step(&format!("kill -9 {service}"), || kill(scene, &service));
    }
    steps.step("after all kills everything is healthy and nothing is lost", || back(scene, &kept));
    steps.step("the disk of the dumps is full, then not", || full_disk(scene, &kept));
    steps.need("the engine restarts", || {
        restart(scene, &kept, |it| {
            it.stop_engine(false)?;
            it.start_engine()
        })
    })?;
    steps.need("everything is killed at once, then booted", || {
        restart(scene, &kept, |it| {
            it.cut_the_power()?;
            it.boot()
        })
    })?;
    steps.step("the engine alone is killed", || engine_killed(scene, &kept));
    Ok(())
}

/// What a household would miss: contents by place.
#[derive(Debug, Default, PartialEq, Eq)]
struct Treasure(Vec<(String, String)>);

impl Treasure {
    fn of(scene: &Scene) -> anyhow::Result<Self> {
        let mut kept = vec![("rows and files".to_owned(), photos::rows_and_files(scene)?)];
        let authority = "caddy/pki/authorities/local/root.crt";
        for (volume, file) in [("caddy-data", authority), ("syncthing", "config/key.pem")] {
            let path = scene.world.volume(volume).join(file);
            let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            kept.push((path.display().to_string(), text));
        }
        // Volumes and folders that were replaced by empty ones would have other marks.
        let marks = super::profiles::marks(scene)?;
        kept.extend(marks.into_iter().map(|it| (it, String::new())));
        Ok(Self(kept))
    }

    /// Fails with what is gone or different now.
    fn is_there(&self, scene: &Scene) -> anyhow::Result<()> {
        let now = Self::of(scene)?;
        match self.0.iter().find(|it| !now.0.contains(it)) {
            Some((place, what)) => bail!("lost or changed: {place} {what}"),
            None => Ok(()),
        }
    }
}

/// Kills the first process of a container, as the kernel does when memory ends; it has to come
/// back, and those who use it too.
fn kill(scene: &Scene, service: &str) -> anyhow::Result<String> {
    let before = docker::of(service)?;
    let others = docker::containers()?;
    let started = Instant::now();
    let pid =
        i32::try_from(before.pid).ok().and_then(Pid::from_raw).context("it has no process")?;
    kill_process(pid, Signal::KILL)?;
    let back = run::until(RETURN, || {
        let now = docker::of(service)?;
        if now.status != "running" || now.started == before.started {
            bail!("{service} is {} since {}", now.status, now.started);
        }
        answers(scene, &now)?;
        Ok(now)
    })?;
    run::until(RETURN, || dependants(scene, service))?;
    let seconds = started.elapsed().as_secs_f64();
    let now = docker::containers()?;
    let same = |old: &Container| now.iter().any(|it| it.id == old.id && it.started == old.started);
    let touched = others.iter().filter(|it| it.service != service && !same(it));
    let wrongly: Vec<_> = touched
        .filter(|it| !may_restart(scene, &it.service, service))
        .map(|it| it.service.as_str())
        .collect();
    if !wrongly.is_empty() {
        bail!("{} restarted, too", wrongly.join(", "));
    }
    Ok(format!("back after {seconds:.1} s, {} restarts", back.restarts))
}

/// Whether a service may end because another one was away: those that cannot work without it.
fn may_restart(scene: &Scene, service: &str, killed: &str) -> bool {
    let project = scene.model.project();
    project.member(service).is_some_and(|it| it.service.depends_on.contains_key(killed))
}

/// It listens on every port of its contract again.
fn answers(scene: &Scene, container: &Container) -> anyhow::Result<()> {
    let project = scene.model.project();
    let member = project.member(&container.service).context("a foreign container")?;
    let address = container.addresses.values().next().context("no address")?;
    let ports = member.contract().into_iter().flat_map(|it| it.ports.items());
    let tcp = ports.filter(|it| it.protocol() == homelab_core::dsl::units::Protocol::Tcp);
    let target = |port: u16| Target { host: address.clone(), port, protocol: "tcp".to_owned() };
    let targets: Vec<_> = tcp.map(|it| target(it.number())).collect();
    // From itself, at an address that others have of it: the host has none on its networks.
    for (target, outcome) in targets.iter().zip(container.probe(&targets)?) {
        if !outcome.open {
            bail!("{} does not answer on {}: {}", container.service, target.port, outcome.because);
        }
    }
    Ok(())
}

/// What uses the service works again: the photo stack, the consumers of the Docker API, and the
/// routes through the proxy.
fn dependants(scene: &Scene, service: &str) -> anyhow::Result<()> {
    let browser = Browser::new(scene)?;
    if matches!(service, "postgres" | "redis" | "immich-server") {
        let answer = browser.open("https://photos.home.arpa/api/server/ping", false)?;
        if answer.status != 200 {
            bail!("Immich answers {}: {}", answer.status, answer.body);
        }
    }
    if let Some(consumer) = service.strip_prefix("socket-proxy-") {
        let url = format!("http://{service}:2375/version");
        docker::of(consumer)?.exec(&["curl", "-fsS", "-m", "5", &url])?;
    }
    let url = match service {
        "filebrowser" => "https://files.home.arpa/",
        "homer" | "caddy" | "socket-proxy-caddy" => "https://home.arpa/",
        _ => return Ok(()),
    };
    let answer = browser.open(url, true)?;
    if answer.status == 200 { Ok(()) } else { bail!("{url} answers {}", answer.status) }
}

/// Everything comes back by itself, and nothing is lost.
fn restart(
    scene: &mut Scene,
    kept: &Treasure,
    how: impl FnOnce(&mut World) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    let started = Instant::now();
    how(&mut scene.world)?;
    let said = back(scene, kept)?;
    Ok(format!("{said}, after {} s", started.elapsed().as_secs()))
}

/// The containers outlive an engine that is killed. The next one ends them, and engines were seen
/// that then count them as stopped on purpose: `docker compose up` starts them again, as
/// docs/runbooks/after-a-crash.md says.
fn engine_killed(scene: &mut Scene, kept: &Treasure) -> anyhow::Result<String> {
    scene.world.stop_engine(true)?;
    scene.world.start_engine()?;
    std::thread::sleep(Duration::from_secs(5));
    let stopped = docker::containers()?.iter().filter(|it| it.status == "exited").count();
    scene.house.compose(&["up", "--detach"])?;
    let said = back(scene, kept)?;
    let version = docker::engine_version()?;
    Ok(format!("Docker Engine {version} left {stopped} stopped; after `up` {said}"))
}

/// Waits until everything is healthy and works, and looks for what must not get lost.
fn back(scene: &Scene, kept: &Treasure) -> anyhow::Result<String> {
    let services = scene.model.enabled(&scene.model.together());
    let containers = health::again(&services)?;
    run::until(RETURN, || dependants(scene, "postgres"))?;
    kept.is_there(scene)?;
    Ok(format!("{} healthy, nothing lost", containers.len()))
}

/// Fills the dumps' disk: dumps fail and say so, good ones stay, and all heals by itself.
fn full_disk(scene: &Scene, kept: &Treasure) -> anyhow::Result<String> {
    let dumps = photos::dumps(scene);
    let good = photos::new_dump(scene, RETURN)?;
    let bytes = fs::read(&good)?;
    let filler = dumps.join("filler");
    // It ends when the disk is full, which is what is wanted.
    let of = format!("of={}", filler.display());
    let _ = run::attempt(program("dd", &["if=/dev/zero", "bs=4k", "status=none"]).arg(of))?;
    let pgbackups = docker::of("pgbackups")?;
    run::until(pgbackups.verdict()?, || {
        photos::age_newest_dump(scene)?;
        let it = docker::of("pgbackups")?;
        if it.health == "unhealthy" { Ok(()) } else { bail!("pgbackups is {}", it.health) }
    })?;
    let told = pgbackups.log(60);
    if !told.contains("No space left on device") {
        bail!("pgbackups does not name the cause: {told}");
    }
    let latest = fs::canonicalize(dumps.join("last/immich-latest.sql.gz"))?;
    output(program("gzip", &["--test"]).arg(&latest))?;
    if fs::read(&good)? != bytes {
        bail!("{} is not the dump that it was", good.display());
    }
    let others = docker::containers()?;
    let unwell = others.iter().find(|it| it.service != "pgbackups" && it.health != "healthy");
    if let Some(it) = unwell {
        bail!("{} is {}: {}", it.service, it.health, it.last_probe());
    }
    fs::remove_file(&filler)?;
    photos::new_dump(scene, RETURN)?;
    back(scene, kept)?;
    Ok("unhealthy with its cause, good dumps kept, healthy again by itself".to_owned())
}
