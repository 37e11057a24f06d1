//! What each container does while the house is at rest.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, ensure};
use homelab_core::dsl::contract::ReadOnly;
use homelab_core::dsl::contract::observed::{Measured, Observation};
use homelab_core::dsl::units::Port;
use homelab_core::model::project::split_image;
use serde_json::Value;

use super::kernel;
use crate::docker::{self, Container};
use crate::lanes::Scene;
use crate::lanes::hardening::privilege;
use crate::run::{self, output, program};

/// What was seen of one service.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The image's reference.
    pub(super) image: String,
    /// User of the image, and of the container's first process.
    pub(super) user: u32,
    pub(super) runs_as: u32,
    pub(super) ports: BTreeSet<Port>,
    pub(super) written: BTreeSet<String>,
    pub(super) read_only: Option<ReadOnly>,
    pub(super) ships_health: bool,
    pub(super) names: BTreeSet<String>,
    /// Processes that were killed because the container had no more memory.
    pub(super) kills: u64,
    pub(super) measured: Measured,
}

/// What a program says when it cannot write to a root that is read-only.
const REFUSED: &[&str] = &["Read-only file system", "read-only file system", "EROFS"];

/// Looks at every container, and at its image.
pub(super) fn at_rest(scene: &Scene) -> anyhow::Result<BTreeMap<String, Seen>> {
    let volumes = scene.world.folder.join("engine/volumes");
    let mut all = BTreeMap::new();
    for container in docker::containers()? {
        let image = container.all.pointer("/Config/Image").and_then(Value::as_str);
        let image = image.context("a container has an image")?.to_owned();
        let config = image_config(&image)?;
        let memory = kernel::memory(container.pid)?;
        let processes = privilege::of(&container)?;
        let user = |status: &BTreeMap<String, String>| -> anyhow::Result<u32> {
            let uid = status.get("Uid").and_then(|it| it.split_whitespace().next());
            Ok(uid.context("a process has a user")?.parse()?)
        };
        let first = processes.iter().find(|it| it.0 == container.pid);
        let users = processes.iter().map(|it| user(&it.1)).collect::<anyhow::Result<_>>()?;
        let seen = Seen {
            user: image_user(&config, &image)?,
            runs_as: user(&first.context("its first process has ended")?.1)?,
            ports: kernel::ports(container.pid)?,
            read_only: read_only(&container)?,
            ships_health: config.pointer("/Healthcheck/Test/0").is_some_and(|it| it != "NONE"),
            kills: memory.kills,
            measured: Measured {
                users,
                memory_at_rest: memory.at_rest,
                memory_peak: memory.peak,
                anonymous_volumes: anonymous_volumes(&container, &volumes.to_string_lossy()),
                ..Measured::default()
            },
            image,
            ..Seen::default()
        };
        all.insert(container.service.clone(), seen);
    }
    ensure!(!all.is_empty(), "no container runs");
    Ok(all)
}

/// What was seen, by image: of several services what any of them does.
pub(super) fn by_image(all: &BTreeMap<String, Seen>) -> BTreeMap<String, Observation> {
    let mut images: BTreeMap<String, Observation> = BTreeMap::new();
    for (service, seen) in all {
        let image = split_image(&seen.image);
        let name = format!("{}@{}", image.repository, image.digest.unwrap_or_default());
        let known = images.entry(name).or_default();
        known.user = seen.user;
        known.ports.extend(&seen.ports);
        known.ports.sort();
        known.ports.dedup();
        known.written.extend(seen.written.clone());
        // One that fails says more than one that works.
        if !matches!(known.read_only, Some(ReadOnly::Fails(_))) && seen.read_only.is_some() {
            known.read_only.clone_from(&seen.read_only);
        }
        known.ships_health = seen.ships_health;
        known.names.extend(seen.names.clone());
        known.services.insert(service.clone(), seen.measured.clone());
    }
    images
}

fn image_config(image: &str) -> anyhow::Result<Value> {
    let words = ["image", "inspect", "--format", "{{json .Config}}", image];
    Ok(serde_json::from_str(&output(&mut program("docker", &words))?)?)
}

/// The user that the engine starts it as: a number, or a name of the image's own list.
fn image_user(config: &Value, image: &str) -> anyhow::Result<u32> {
    let user = config.get("User").and_then(Value::as_str).unwrap_or_default();
    let user = user.split(':').next().unwrap_or_default();
    if user.is_empty() {
        return Ok(0);
    }
    if let Ok(number) = user.parse() {
        return Ok(number);
    }
    let container = output(&mut program("docker", &["create", image, "true"]))?;
    let file = tempfile::NamedTempFile::new()?;
    let list = format!("{}:/etc/passwd", container.trim());
    output(program("docker", &["cp", &list]).arg(file.path()))?;
    output(&mut program("docker", &["rm", "--volumes", container.trim()]))?;
    let list = std::fs::read_to_string(file.path())?;
    let entry = list.lines().find(|it| it.split(':').next() == Some(user));
    let number = entry.and_then(|it| it.split(':').nth(2)).and_then(|it| it.parse().ok());
    number.with_context(|| format!("{image} has no user `{user}`"))
}

/// How it does with the read-only root that the file gives it: by what its log complains of.
fn read_only(container: &Container) -> anyhow::Result<Option<ReadOnly>> {
    let is_read_only = container.all.pointer("/HostConfig/ReadonlyRootfs");
    if is_read_only.and_then(Value::as_bool) != Some(true) {
        return Ok(None);
    }
    let log = log(container)?;
    let complaint = log.lines().find(|line| REFUSED.iter().any(|it| line.contains(it)));
    Ok(Some(match complaint {
        Some(line) => ReadOnly::Fails(format!("its log says `{}`", line.trim())),
        None => ReadOnly::Works,
    }))
}

/// All that a container has written to its log.
pub(super) fn log(container: &Container) -> anyhow::Result<String> {
    Ok(run::both(&run::attempt(&mut program("docker", &["logs", &container.id]))?))
}

/// Paths of volumes whose names the engine made up.
fn anonymous_volumes(container: &Container, volumes: &str) -> BTreeSet<String> {
    let mounts = container.all.pointer("/Mounts").and_then(Value::as_array);
    let text = |it: &Value, name: &str| it[name].as_str().unwrap_or_default().to_owned();
    let is_anonymous = |it: &&Value| {
        let name = text(it, "Name");
        let is_made_up = name.len() == 64 && name.bytes().all(|it| it.is_ascii_hexdigit());
        text(it, "Source").starts_with(volumes) && is_made_up
    };
    let mounts = mounts.into_iter().flatten().filter(is_anonymous);
    mounts.map(|it| text(it, "Destination")).collect()
}
