//! Limits: what they are, and what happens at them.

use anyhow::{Context as _, bail};
use homelab_core::dsl::units::Memory;
use serde_json::Value;

use crate::docker::{self, Container};
use crate::lanes::Scene;

/// Memory and what is reserved of it, processes, processors and the health check, as the engine has them.
pub(super) fn limits(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project();
    let mut wrong = Vec::new();
    let containers = docker::containers()?;
    for container in &containers {
        let member = project.member(&container.service).context("a foreign container")?;
        let resources = member.service.deploy.as_ref().and_then(|it| it.resources.as_ref());
        let limits = resources.and_then(|it| it.limits.as_ref());
        let limits = limits.with_context(|| format!("{} has no limits", container.service))?;
        let reserved = resources.and_then(|it| it.reservations.as_ref()?.memory.as_deref());
        if container.has_health_check() != member.has_health_check() {
            wrong.push(format!("{}: its health check is not that of the file", container.service));
        }
        let set = |pointer: &str| {
            container.all.pointer(&format!("/HostConfig/{pointer}")).and_then(Value::as_f64)
        };
        let bytes = |memory: Option<&str>| {
            let memory = memory.and_then(Memory::parse).context("no amount of memory")?;
            anyhow::Ok(f64::from(memory.as_mib()) * f64::from(1 << 20))
        };
        let cpus: f64 = limits.cpus.as_deref().context("no limit of processors")?.parse()?;
        let expected = [
            ("Memory", bytes(limits.memory.as_deref())?),
            ("MemoryReservation", bytes(reserved)?),
            ("PidsLimit", f64::from(limits.pids.context("no PID limit")?)),
            ("NanoCpus", cpus * 1e9),
        ];
        for (name, value) in expected {
            if set(name).is_none_or(|it| (it - value).abs() > 0.5) {
                wrong.push(format!(
                    "{}: {name} is {:?}, expected {value}",
                    container.service,
                    set(name)
                ));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(format!(
        "3 limits, the reserved memory and the health check of {} containers",
        containers.len()
    ))
}

/// Starts processes in every container until the kernel refuses.
pub(super) fn fork_bombs() -> anyhow::Result<String> {
    let mut told = Vec::new();
    for container in docker::containers()? {
        let limit = container.all.pointer("/HostConfig/PidsLimit").and_then(Value::as_u64);
        let limit = limit.context("no PID limit")?;
        let said = container.exec(&["stand-in", "fork-bomb"])?;
        let (count, because) = said.trim().split_once(' ').context("no count")?;
        let count: u64 = count.parse()?;
        if count >= limit || !because.contains("temporarily unavailable") {
            bail!("{}: {count} processes with a limit of {limit}: {because}", container.service);
        }
        told.push(format!("{} {count}/{limit}", container.service));
    }
    docker::engine_version().context("the engine does not answer any more")?;
    Ok(told.join(", "))
}

/// Takes more memory than each container may have: the process that takes it is killed.
pub(super) fn memory() -> anyhow::Result<String> {
    let mut told = 0;
    for container in docker::containers()? {
        let before = docker::containers()?;
        // Where the machine has swap, Docker gives as much of it again.
        let bytes = |name: &str| {
            let limit = container.all.pointer(&format!("/HostConfig/{name}"));
            limit.and_then(Value::as_u64)
        };
        let limit = bytes("Memory").context("no memory limit")?;
        let limit = bytes("MemorySwap").unwrap_or_default().max(limit) >> 20;
        let more = (limit + 64).to_string();
        let words = ["exec", &container.id, "stand-in", "eat", &more];
        let said = crate::run::attempt(&mut crate::run::program("docker", &words))?;
        // By SIGKILL: 128 + 9.
        if said.status.code() != Some(137) {
            let said = crate::run::both(&said);
            bail!("{} took {more} MiB of {limit}: {said}", container.service);
        }
        others_untouched(&before, &container.service)?;
        told += 1;
    }
    docker::engine_version().context("the engine does not answer any more")?;
    Ok(format!("{told} containers, no neighbour restarted"))
}

/// Every other container is the one that it was.
fn others_untouched(before: &[Container], except: &str) -> anyhow::Result<()> {
    let after = docker::containers()?;
    for old in before.iter().filter(|it| it.service != except) {
        let same = |it: &&Container| it.id == old.id && it.started == old.started;
        if !after.iter().any(|it| same(&it)) {
            bail!("{} was touched when {except} took too much memory", old.service);
        }
    }
    Ok(())
}
