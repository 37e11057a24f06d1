//! Waiting until the house is well.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::bail;

use crate::docker::{self, Container};

/// Longest time until everything is healthy: the slowest image asks once a minute.
pub(crate) const PATIENCE: Duration = Duration::from_secs(200);

/// Waits until exactly these services run and are healthy; none of them may have restarted.
pub(crate) fn first(
    services: &BTreeSet<String>,
    patience: Duration,
) -> anyhow::Result<Vec<Container>> {
    wait(services, patience, |containers| {
        let Some(it) = containers.iter().find(|it| it.restarts > 0) else { return Ok(()) };
        bail!("{} restarted {} times; its log: {}", it.service, it.restarts, it.log(6));
    })
}

/// Waits until exactly these services run and are healthy again, however often they restarted.
pub(crate) fn again(services: &BTreeSet<String>) -> anyhow::Result<Vec<Container>> {
    wait(services, PATIENCE, |_| Ok(()))
}

fn wait(
    services: &BTreeSet<String>,
    patience: Duration,
    allow: impl Fn(&[Container]) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Container>> {
    let started = Instant::now();
    loop {
        let containers = docker::containers();
        if let Ok(containers) = &containers {
            allow(containers)?;
        }
        match containers {
            Ok(containers) if is_well(services, &containers) => return Ok(containers),
            // What is wrong is asked for at the end only: each log costs a start of `docker`.
            ended if started.elapsed() > patience => {
                let because = ended.map_or_else(|it| format!("{it:#}"), |it| ills(services, &it));
                bail!("not within {} s: {because}", patience.as_secs());
            }
            _ => std::thread::sleep(Duration::from_millis(300)),
        }
    }
}

/// Whether exactly the containers of these services are there, all running and healthy.
fn is_well(services: &BTreeSet<String>, containers: &[Container]) -> bool {
    names(containers) == *services && containers.iter().all(is_healthy)
}

fn names(containers: &[Container]) -> BTreeSet<String> {
    containers.iter().map(|it| it.service.clone()).collect()
}

fn is_healthy(it: &Container) -> bool {
    // `hardening` checks that whoever should have a health check has one.
    it.status == "running" && (it.health == "healthy" || !it.has_health_check())
}

/// What is wrong, for a message.
fn ills(services: &BTreeSet<String>, containers: &[Container]) -> String {
    let names = names(containers);
    if &names != services {
        let missing: Vec<_> = services.difference(&names).collect();
        let foreign: Vec<_> = names.difference(services).collect();
        return format!("expected other containers: missing {missing:?}, not expected {foreign:?}");
    }
    let unwell = containers.iter().filter(|it| !is_healthy(it)).map(|it| {
        format!(
            "{}: {} {} after {} restarts; probe: {}; log: {}",
            it.service,
            it.status,
            it.health,
            it.restarts,
            it.last_probe(),
            it.log(4)
        )
    });
    unwell.collect::<Vec<_>>().join("\n")
}
