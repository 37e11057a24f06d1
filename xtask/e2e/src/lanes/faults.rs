//! What happens in a house: a process dies, the engine restarts, a disk is full.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use homelab_stand_in::probe::Target;

use super::{Scene, photos};
use crate::browser::Browser;
use crate::docker::{self, Container};
use crate::health;
use crate::report::{LaneEnds, Steps};
use crate::run::{self, output, program};
use crate::world::{Side, World};

/// How long a killed service may take to answer again: a restart, and a database's recovery.
const RETURN: Duration = Duration::from_secs(45);

/// Bytes of the disk that the dumps are on.
const DISK: &str = "size=1m,uid=999,gid=999,mode=0755";

pub(super) fn run(scene: &mut Scene, steps: &mut Steps) -> Result<(), LaneEnds> {
    steps.need("every profile on, dumps on a small disk of their own", || {
        scene.house.set("BACKUP_SCHEDULE", "\"@every 15s\"")?;
        scene.house.choose(&scene.model.profiles())?;
        let dumps = photos::dumps(scene);
        output(program("mount", &["-t", "tmpfs", "-o", DISK, "tmpfs"]).arg(&dumps))?;
        scene.everything_on()
    })?;
    steps.need("what must not get lost: photos, rows, keys", || {
        photos::write_rows(scene)?;
        Ok(format!("{} things", treasure(scene)?.len()))
    })?;
    for service in scene.model.enabled(&scene.model.profiles()) {
        steps.step(&format!("kill -9 {service}"), || kill(scene, &service));
    }
    steps.step("after all kills everything is healthy and nothing is lost", || all_there(scene));
    steps.step("the disk of the dumps is full, then not", || full_disk(scene));
    steps.need("the engine restarts", || {
        restart(scene, |it| {
            it.stop_engine(false)?;
            it.start_engine()
        })
    })?;
    steps.need("the power fails", || {
        restart(scene, |it| {
            it.cut_the_power()?;
            it.boot()
        })
    })?;
    steps.step("the engine alone is killed", || engine_killed(scene));
    Ok(())
}

/// What a household would miss: contents by place.
fn treasure(scene: &Scene) -> anyhow::Result<Vec<(PathBuf, String)>> {
    let mut kept = vec![(PathBuf::from("rows and files"), photos::rows_and_files(scene)?)];
    let authority = "caddy/pki/authorities/local/root.crt";
    for (volume, file) in [("caddy-data", authority), ("syncthing", "config/key.pem")] {
        let path = scene.world.volume(volume).join(file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        kept.push((path, text));
    }
    Ok(kept)
}

/// Kills the first process of a container, as the kernel does when memory ends; it has to come
/// back, and those who use it too.
fn kill(scene: &Scene, service: &str) -> anyhow::Result<String> {
    let before = docker::of(service)?;
    let others = docker::containers()?;
    let started = Instant::now();
    output(&mut program("kill", &["-KILL", &before.pid.to_string()]))?;
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
    let touched = others
        .iter()
        .filter(|it| it.service != service)
        .find(|old| docker::of(&old.service).is_ok_and(|now| now.started != old.started));
    if let Some(it) = touched
        && !may_restart(scene, &it.service, service)
    {
        bail!("{} restarted, too", it.service);
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
    let ports = member.contract.into_iter().flat_map(|it| it.ports);
    let tcp = ports.filter(|it| it.protocol() == homelab_core::units::Protocol::Tcp);
    let target = |port: u16| Target { host: address.clone(), port, protocol: "tcp".to_owned() };
    let targets: Vec<_> = tcp.map(|it| target(it.number())).collect();
    let command = Side::Host.program(&scene.world.stand_in.to_string_lossy(), &["probe"]);
    for (target, outcome) in targets.iter().zip(docker::probe(command, &targets)?) {
        if !outcome.open {
            bail!("{} does not answer on {}: {}", container.service, target.port, outcome.because);
        }
    }
    Ok(())
}

/// What uses the service works again: the photo stack, and every route through the proxy.
fn dependants(scene: &Scene, service: &str) -> anyhow::Result<()> {
    let browser = Browser::new(scene)?;
    if matches!(service, "postgres" | "redis" | "immich-server") {
        let answer = browser.open("https://photos.home.arpa/api/server/ping", false)?;
        if answer.status != 200 {
            bail!("Immich answers {}: {}", answer.status, answer.body);
        }
    }
    let url =
        if service == "filebrowser" { "https://files.home.arpa/" } else { "https://home.arpa/" };
    let answer = browser.open(url, true)?;
    if answer.status == 200 { Ok(()) } else { bail!("{url} answers {}", answer.status) }
}

fn all_there(scene: &Scene) -> anyhow::Result<String> {
    let services = scene.model.enabled(&scene.model.profiles());
    let containers = health::again(&services)?;
    let kept = treasure(scene)?;
    Ok(format!("{} containers, {} things", containers.len(), kept.len()))
}

/// Everything comes back by itself, and nothing is lost.
fn restart(
    scene: &mut Scene,
    how: impl FnOnce(&mut World) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    let before = treasure(scene)?;
    let started = Instant::now();
    how(&mut scene.world)?;
    let containers = back(scene, &before)?;
    Ok(format!("{containers} healthy after {} s, nothing lost", started.elapsed().as_secs()))
}

/// The containers outlive an engine that is killed. The next one ends them, and engines were seen
/// that then count them as stopped on purpose: `docker compose up` starts them again.
fn engine_killed(scene: &mut Scene) -> anyhow::Result<String> {
    let before = treasure(scene)?;
    scene.world.stop_engine(true)?;
    scene.world.start_engine()?;
    std::thread::sleep(Duration::from_secs(5));
    let stopped = docker::containers()?.iter().filter(|it| it.status == "exited").count();
    scene.house.compose(&["up", "--detach"])?;
    let containers = back(scene, &before)?;
    let version = docker::engine_version()?;
    Ok(format!("Docker Engine {version} left {stopped} stopped; after `up` {containers} healthy"))
}

/// Waits until everything is healthy and compares with what there was.
fn back(scene: &Scene, before: &[(PathBuf, String)]) -> anyhow::Result<usize> {
    let services = scene.model.enabled(&scene.model.profiles());
    let containers = health::again(&services)?;
    run::until(RETURN, || dependants(scene, "postgres"))?;
    let after = treasure(scene)?;
    if before != after {
        bail!("before: {before:?}\nafter: {after:?}");
    }
    Ok(containers.len())
}

/// Fills the dumps' disk: dumps fail and say so, the last good one stays, and all heals by itself.
fn full_disk(scene: &Scene) -> anyhow::Result<String> {
    let dumps = photos::dumps(scene);
    let good = photos::new_dump(scene, RETURN)?;
    let good = fs::read(good)?;
    let filler = dumps.join("filler");
    // It ends when the disk is full, which is what is wanted.
    let _ = run::attempt(
        program("dd", &["if=/dev/zero", "bs=4k", "status=none"])
            .arg(format!("of={}", filler.display())),
    )?;
    let patience = Duration::from_secs(30 * 4 + 30);
    run::until(patience, || {
        let it = docker::of("pgbackups")?;
        if it.health == "unhealthy" { Ok(()) } else { bail!("pgbackups is {}", it.health) }
    })?;
    let told = docker::of("pgbackups")?.log(60);
    if !told.contains("No space left on device") {
        bail!("pgbackups does not name the cause: {told}");
    }
    let latest = fs::canonicalize(dumps.join("last/immich-latest.sql.gz"))?;
    output(program("gzip", &["--test"]).arg(&latest))?;
    let newest = fs::read(&latest)?;
    if newest.is_empty() || good.is_empty() {
        bail!("the last good dump is empty");
    }
    let others = docker::containers()?;
    let unwell = others.iter().find(|it| it.service != "pgbackups" && it.health != "healthy");
    if let Some(it) = unwell {
        bail!("{} is {}: {}", it.service, it.health, it.last_probe());
    }
    fs::remove_file(&filler)?;
    photos::new_dump(scene, RETURN)?;
    health::again(&scene.model.enabled(&scene.model.profiles()))?;
    treasure(scene)?;
    Ok("unhealthy with its cause, the last good dump kept, healthy again by itself".to_owned())
}
