//! Turns the output of `docker inspect` back into the words of a Compose file.
//!
//! The engine merges the image's defaults into the file's values, and normalises spellings. This
//! module reverses both: a value that means the same to the engine is written as in the file.

mod environment;
mod health;
mod json;
mod limits;
mod mounts;
mod network;
mod program;
mod security;
mod words;

use std::collections::BTreeMap;

use serde_json::Value;

use self::json::{pairs, text, texts, truth};
pub use self::network::network;
use crate::compose::{File, Service};

/// The label with the fingerprint of the release's files that a service mounts.
pub const STAMP: &str = "homelab.files";

/// What the engine says of one container.
#[derive(Clone, Copy, Debug)]
pub struct Inspected<'a> {
    /// The container's object from `docker container inspect`.
    pub container: &'a Value,
    /// The object from `docker image inspect` for the container's image id; `None` when the image
    /// is gone.
    ///
    /// Without it, settings that the file does not name are assumed to come from the image.
    pub image: Option<&'a Value>,
}

/// Returns the service that the container was made from, as a resolved file would define it.
///
/// `wanted` is the resolved service that it is compared with, if there is one; `file` is the
/// resolved file, for the real names of networks, volumes and secrets. A field that means the same
/// to the engine as in `wanted` is returned exactly as `wanted` has it, so two equal fields mean
/// "nothing changed".
///
/// The engine does not know `build`, `depends_on`, `profiles`, `env_file` and `deploy.replicas`: they are
/// returned as in `wanted`. It does not distinguish the log options of the file from those of its
/// own configuration, so a file without `logging` agrees with any, and options that the file does
/// not name are assumed to be the engine's. For a namespace `service:…` it only knows that it
/// belongs to some container.
pub fn service(inspected: &Inspected<'_>, wanted: Option<&Service>, file: &File) -> Service {
    let Inspected { container, image } = *inspected;
    let nothing = Service::default();
    let is_known = wanted.is_some();
    let wanted = wanted.unwrap_or(&nothing);
    let (entrypoint, command) = program::words(container, image, wanted);
    let (volumes, secrets) = mounts::volumes(container, image, wanted, file);
    let (network_mode, networks) = network::networks(container, wanted, file);
    let mode = |pointer: &str, wanted: &Option<String>, usual: &[&str]| {
        words::mode(text(container, pointer), wanted.as_ref(), usual)
    };
    Service {
        // No container shows them.
        unjudged: serde_yaml::Mapping::new(),
        image: Some(text(container, "/Config/Image").to_owned()).filter(|it| !it.is_empty()),
        build: wanted.build.clone(),
        profiles: wanted.profiles.clone(),
        user: program::user(container, image, wanted),
        group_add: same(&wanted.group_add, texts(container, "/HostConfig/GroupAdd"), Clone::clone),
        init: truth(container, "/HostConfig/Init"),
        entrypoint,
        command,
        env_file: wanted.env_file.clone(),
        environment: environment::environment(container, image, wanted),
        secrets,
        depends_on: wanted.depends_on.clone(),
        networks,
        hostname: network::hostname(container, wanted),
        extra_hosts: network::extra_hosts(container),
        network_mode,
        ports: network::ports(container, wanted),
        volumes,
        tmpfs: mounts::tmpfs(container, wanted),
        devices: security::devices(container, wanted),
        device_cgroup_rules: same(
            &wanted.device_cgroup_rules,
            texts(container, "/HostConfig/DeviceCgroupRules"),
            Clone::clone,
        ),
        shm_size: limits::shm_size(container, wanted),
        read_only: truth(container, "/HostConfig/ReadonlyRootfs"),
        cap_drop: security::capabilities(container, "/HostConfig/CapDrop", &wanted.cap_drop),
        cap_add: security::capabilities(container, "/HostConfig/CapAdd", &wanted.cap_add),
        security_opt: security::options(container, wanted),
        privileged: truth(container, "/HostConfig/Privileged"),
        sysctls: pairs(container, "/HostConfig/Sysctls"),
        ulimits: limits::ulimits(container),
        pid: mode("/HostConfig/PidMode", &wanted.pid, &[]),
        ipc: mode("/HostConfig/IpcMode", &wanted.ipc, &["private", "shareable"]),
        uts: mode("/HostConfig/UTSMode", &wanted.uts, &[]),
        userns_mode: mode("/HostConfig/UsernsMode", &wanted.userns_mode, &[]),
        healthcheck: health::check(container, image, wanted.healthcheck.as_ref()),
        restart: program::restart(container, wanted),
        stop_grace_period: program::stop_grace_period(container, wanted),
        deploy: limits::deploy(container, wanted),
        logging: limits::logging(container, wanted, is_known),
        labels: environment::labels(container, image, wanted),
    }
}

/// Returns the fingerprint of the files that were mounted when the container was made, from its
/// label [`STAMP`].
pub fn stamp(container: &Value) -> Option<&str> {
    label(container, STAMP)
}

/// Returns the service that Compose made the container for.
pub fn service_name(container: &Value) -> Option<&str> {
    label(container, "com.docker.compose.service")
}

/// Returns the id of the image that the container was made from.
pub fn image_id(container: &Value) -> Option<&str> {
    container.get("Image").and_then(Value::as_str)
}

/// Returns the digests of the image in registries, each as `repository@digest`.
pub fn digests(image: &Value) -> Vec<&str> {
    let all = image.get("RepoDigests").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn label<'a>(container: &'a Value, name: &str) -> Option<&'a str> {
    container.pointer("/Config/Labels")?.get(name)?.as_str()
}

/// Compares lists whose order does not matter. Elements that are in both are returned as `wanted`
/// writes them, then the others that were found.
fn same<T: Clone, K: Ord>(wanted: &[T], found: Vec<T>, meaning: impl Fn(&T) -> K) -> Vec<T> {
    let mut found: BTreeMap<K, T> = found.into_iter().map(|it| (meaning(&it), it)).collect();
    let present = |it: &&T| found.contains_key(&meaning(it));
    let mut res: Vec<T> = wanted.iter().filter(present).cloned().collect();
    for it in wanted {
        found.remove(&meaning(it));
    }
    res.extend(found.into_values());
    res
}

/// Returns `wanted` when it means the same as what was found, else what was found.
fn either<T: Clone>(wanted: Option<&T>, is_same: bool, found: impl FnOnce() -> T) -> Option<T> {
    if is_same { wanted.cloned() } else { Some(found()) }
}
