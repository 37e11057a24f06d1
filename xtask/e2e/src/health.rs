//! Waiting until the house is well.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::docker::{self, Container};
use crate::run;

/// Longest time until everything is healthy: the slowest image asks once a minute.
const PATIENCE: Duration = Duration::from_secs(200);

/// Waits until exactly these services run and are healthy; none of them may have restarted.
pub(crate) fn first(services: &BTreeSet<String>) -> anyhow::Result<Vec<Container>> {
    let started = Instant::now();
    loop {
        let well = all_well(services);
        let restarted = docker::containers()?.into_iter().find(|it| it.restarts > 0);
        if let Some(it) = restarted {
            bail!("{} restarted {} times; its log: {}", it.service, it.restarts, it.log(6));
        }
        if well.is_ok() || started.elapsed() > PATIENCE {
            return well.with_context(|| format!("not within {} s", PATIENCE.as_secs()));
        }
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// Waits until exactly these services run and are healthy again, however often they restarted.
pub(crate) fn again(services: &BTreeSet<String>) -> anyhow::Result<Vec<Container>> {
    run::until(PATIENCE, || all_well(services))
}

/// Exactly the containers of these services, all running and healthy; else what is wrong.
fn all_well(services: &BTreeSet<String>) -> anyhow::Result<Vec<Container>> {
    let containers = docker::containers()?;
    let names: BTreeSet<_> = containers.iter().map(|it| it.service.clone()).collect();
    if &names != services {
        let missing: Vec<_> = services.difference(&names).collect();
        let foreign: Vec<_> = names.difference(services).collect();
        bail!("expected other containers: missing {missing:?}, not expected {foreign:?}");
    }
    // `hardening` checks that whoever should have a health check has one.
    let is_well = |it: &&Container| {
        it.status == "running" && (it.health == "healthy" || !it.has_health_check())
    };
    let unwell: Vec<_> = containers.iter().filter(|it| !is_well(it)).collect();
    if unwell.is_empty() {
        return Ok(containers);
    }
    let lines = unwell.iter().map(|it| {
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
    bail!("{}", lines.collect::<Vec<_>>().join("\n"))
}
