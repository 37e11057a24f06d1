//! Which capabilities a service needs: it is started again without each of them, one at a time, on
//! empty volumes.
//!
//! That it becomes healthy without one proves no more than that: the program may need it later.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::seen::Seen;
use crate::docker::{self, Container};
use crate::images::Source;
use crate::lanes::Scene;
use crate::run::{attempt, program, until};

/// How long a service may take until it is healthy.
const fn patience(source: Source) -> Duration {
    match source {
        Source::StandIns => Duration::from_secs(30),
        Source::Real => Duration::from_mins(5),
    }
}

/// Tries one capability of each service in every round, all services at once, and adds to what was seen.
pub(super) fn run(
    scene: &Scene,
    source: Source,
    seen: &mut BTreeMap<String, Seen>,
) -> anyhow::Result<String> {
    let project = scene.model.project();
    let (mut needed, mut tried) = (0, 0);
    for round in 0.. {
        let without: BTreeMap<_, _> = project
            .members()
            .filter_map(|it| Some((it.name, it.service.cap_add.get(round)?.clone())))
            .collect();
        if without.is_empty() {
            break;
        }
        let mut file = "services:\n".to_owned();
        for member in project.members() {
            let Some(left_out) = without.get(member.name) else { continue };
            let others = member.service.cap_add.iter().filter(|it| *it != left_out);
            let others: Vec<_> = others.map(String::as_str).collect();
            let _ = writeln!(
                file,
                "  {}:\n    cap_add: !override [{}]",
                member.name,
                others.join(", ")
            );
        }
        start_anew(scene, &file, &without.keys().copied().collect::<Vec<_>>())?;
        let healthy = healthy(&without.keys().copied().collect(), patience(source))?;
        for (service, capability) in without {
            let measured = &mut seen.entry(service.to_owned()).or_default().measured;
            let is_needed = !healthy.contains(service);
            let list = if is_needed { &mut measured.needs } else { &mut measured.healthy_without };
            list.insert(capability);
            needed += usize::from(is_needed);
            tried += 1;
        }
    }
    Ok(format!("{needed} of {tried}"))
}

/// An engine that restarts many containers at once may keep a question waiting.
fn containers() -> anyhow::Result<Vec<Container>> {
    until(Duration::from_mins(3), docker::containers)
}

/// Removes the services and their volumes, and starts them with a further file.
fn start_anew(scene: &Scene, file: &str, services: &[&str]) -> anyhow::Result<()> {
    let mut volumes = BTreeSet::new();
    for container in containers()?.iter().filter(|it| services.contains(&&*it.service)) {
        let mounts = container.all.pointer("/Mounts").and_then(Value::as_array);
        let names = mounts.into_iter().flatten().filter_map(|it| it["Name"].as_str());
        volumes.extend(names.map(str::to_owned));
    }
    let mut words = vec!["--profile", "*", "rm", "--stop", "--force", "--volumes"];
    words.extend(services);
    scene.house.compose(&words)?;
    for volume in volumes {
        // One that another service uses stays.
        attempt(&mut program("docker", &["volume", "rm", &volume]))?;
    }
    let mut words = vec!["--profile", "*", "up", "--detach", "--no-deps"];
    words.extend(services);
    scene.house.compose_with("capabilities", file, &words)
}

/// The services that become healthy; one that ends, is restarted or turns unhealthy does not.
fn healthy(services: &BTreeSet<&str>, patience: Duration) -> anyhow::Result<BTreeSet<String>> {
    let started = Instant::now();
    loop {
        let containers = containers()?;
        let ours = || containers.iter().filter(|it| services.contains(&*it.service));
        if ours().all(|it| is_well(it) || has_failed(it)) || started.elapsed() > patience {
            return Ok(ours().filter(|it| is_well(it)).map(|it| it.service.clone()).collect());
        }
        std::thread::sleep(Duration::from_millis(300));
    }
}

fn is_well(it: &Container) -> bool {
    it.status == "running" && it.health == "healthy" && it.restarts == 0
}

fn has_failed(it: &Container) -> bool {
    it.restarts > 0 || it.health == "unhealthy" || it.status == "exited"
}
