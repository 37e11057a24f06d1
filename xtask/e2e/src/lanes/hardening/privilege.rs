//! What the kernel lets the processes of a container do.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};

use crate::docker::{self, Container};
use crate::lanes::Scene;
use crate::run::{output, program};

/// Numbers of capabilities, from `linux/capability.h`.
const BITS: &[(&str, u32)] = &[
    ("CHOWN", 0),
    ("DAC_OVERRIDE", 1),
    ("DAC_READ_SEARCH", 2),
    ("FOWNER", 3),
    ("FSETID", 4),
    ("KILL", 5),
    ("SETGID", 6),
    ("SETUID", 7),
    ("NET_BIND_SERVICE", 10),
    ("NET_ADMIN", 12),
    ("NET_RAW", 13),
    ("SYS_CHROOT", 18),
    ("SYS_PTRACE", 19),
    ("SYS_ADMIN", 21),
];

/// Users whose first process gives its root away: what the image's program becomes.
const BECOMES: &[(&str, u32)] = &[("syncthing", 1000), ("postgres", 999), ("netdata", 201)];

pub(super) fn run(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let (mut wrong, mut processes) = (Vec::new(), 0);
    for container in docker::containers()? {
        let member = project.member(&container.service).context("a foreign container")?;
        let allowed: BTreeSet<_> = member.service.cap_add.iter().map(String::as_str).collect();
        let user = expected_user(
            &project.resolve(member.service.user.as_deref().unwrap_or_default()),
            &member,
        );
        for process in of(&container)? {
            processes += 1;
            let status = &process.1;
            let held = capabilities(status.get("CapBnd").context("no CapBnd")?)?;
            if !held.is_subset(&allowed) || (process.0 == container.pid && held != allowed) {
                wrong.push(format!(
                    "{}: bounded by {held:?}, expected {allowed:?}",
                    container.service
                ));
            }
            let effective = capabilities(status.get("CapEff").context("no CapEff")?)?;
            if !effective.is_subset(&allowed) {
                wrong.push(format!("{}: holds {effective:?}", container.service));
            }
            if status.get("NoNewPrivs").map(String::as_str) != Some("1") {
                wrong.push(format!("{}: may gain privileges", container.service));
            }
            let uid = status.get("Uid").and_then(|it| it.split_whitespace().next());
            if process.0 == container.pid && uid != Some(user.to_string().as_str()) {
                wrong.push(format!("{}: runs as {uid:?}, expected {user}", container.service));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(format!("{processes} processes"))
}

/// The user of the first process: of the file, else of the image; or what it becomes.
pub(in crate::lanes) fn expected_user(
    user: &str,
    member: &homelab_core::model::project::Member<'_>,
) -> u32 {
    let becomes = BECOMES.iter().find(|it| it.0 == member.name).map(|it| it.1);
    let own = user.split(':').next().and_then(|it| it.parse().ok());
    becomes
        .or(own)
        .unwrap_or_else(|| member.contract().and_then(|it| it.user.get().copied()).unwrap_or(0))
}

/// Process ids of a container and their status in the kernel's words.
pub(in crate::lanes) fn of(
    container: &Container,
) -> anyhow::Result<Vec<(u64, BTreeMap<String, String>)>> {
    let top = output(&mut program("docker", &["top", &container.id, "-eo", "pid"]))?;
    let mut processes = Vec::new();
    for pid in top.lines().skip(1).filter_map(|it| it.trim().parse::<u64>().ok()) {
        // One that has ended by now, such as a probe, has no status.
        let Ok(text) = std::fs::read_to_string(format!("/proc/{pid}/status")) else { continue };
        let pair = |it: &str| {
            it.split_once(':').map(|(key, value)| (key.to_owned(), value.trim().to_owned()))
        };
        let status: BTreeMap<_, _> = text.lines().filter_map(pair).collect();
        // A process that has ended and waits for its parent has given everything back.
        if !status.get("State").is_some_and(|it| it.starts_with('Z')) {
            processes.push((pid, status));
        }
    }
    if processes.is_empty() {
        bail!("{} has no process", container.service);
    }
    Ok(processes)
}

fn capabilities(mask: &str) -> anyhow::Result<BTreeSet<&'static str>> {
    let mask = u64::from_str_radix(mask, 16)?;
    let named = BITS.iter().filter(|(_, bit)| mask >> bit & 1 == 1);
    let known: u64 = BITS.iter().map(|(_, bit)| 1 << bit).sum();
    let mut held: BTreeSet<_> = named.map(|it| it.0).collect();
    if mask & !known != 0 {
        held.insert("one that no service of the house asks for");
    }
    Ok(held)
}
