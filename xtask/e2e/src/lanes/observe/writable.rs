//! The same house with roots that can be written and socket proxies that log every call.
//!
//! Nothing else differs from the file, and the volumes are empty again, so that a first start is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use anyhow::{Context as _, bail};
use homelab_core::dsl::contract::Contract;
use homelab_core::model::project::Member;
use serde_json::Value;

use super::rest;
use super::seen::{Seen, log};
use crate::docker::{self, Container};
use crate::images::Source;
use crate::lanes::Scene;
use crate::run::{output, program};

/// Runs it, and adds to what was seen.
pub(super) fn run(
    scene: &Scene,
    source: Source,
    seen: &mut BTreeMap<String, Seen>,
) -> anyhow::Result<String> {
    let project = scene.model.project();
    let mut file = "services:\n".to_owned();
    for member in project.members() {
        let _ = write!(file, "  {}:\n    read_only: false\n", member.name);
        if member.is_socket_proxy() {
            file.push_str("    environment:\n      SP_LOGLEVEL: DEBUG\n");
        }
    }
    scene.house.compose(&["--profile", "*", "down", "--volumes"])?;
    scene.house.up_with("writable", &file, &scene.model.enabled(&scene.model.profiles()))?;
    std::thread::sleep(rest(source));
    let (mut paths, mut calls) = (0, 0);
    for container in docker::containers()? {
        let member = project.member(&container.service).context("a foreign container")?;
        let contract = member.contract().context("an image without contract")?;
        let written = written(&container, contract)?;
        paths += written.len();
        seen.entry(container.service.clone()).or_default().written = written;
        if let Some(consumer) = consumer(&member) {
            let log = log(&container)?;
            let measured = &mut seen.entry(consumer.to_owned()).or_default().measured;
            measured.docker_calls = told(&log, "allowed request");
            measured.refused_calls = told(&log, "blocked request");
            calls += measured.docker_calls.len() + measured.refused_calls.len();
        }
    }
    Ok(format!("{paths} paths written, {calls} calls of the Docker API"))
}

/// The service for which a socket proxy asks the engine.
fn consumer<'a>(member: &Member<'a>) -> Option<&'a str> {
    let of = member.service.environment.get("SP_ALLOWFROM");
    of.filter(|_| member.is_socket_proxy()).map(String::as_str)
}

/// Calls in the log of a socket proxy, without version, query and identifiers.
fn told(log: &str, message: &str) -> BTreeSet<String> {
    let message = format!("msg=\"{message}\"");
    let value = |line: &str, name: &str| {
        let value = line.split_once(&format!(" {name}="))?.1.split(' ').next()?;
        Some(value.trim_matches('"').to_owned())
    };
    let call = |line: &str| {
        let (method, path) = (value(line, "method")?, value(line, "URL")?);
        let path = path.split('?').next().unwrap_or_default();
        let versioned = path.strip_prefix("/v").filter(|it| it.starts_with(char::is_numeric));
        let path = versioned.and_then(|it| it.find('/').map(|at| &it[at..])).unwrap_or(path);
        let is_id = |it: &str| it.len() >= 12 && it.bytes().all(|it| it.is_ascii_hexdigit());
        let plain = path.split('/').map(|it| if is_id(it) { "ID" } else { it });
        Some(format!("{method} {}", plain.collect::<Vec<_>>().join("/")))
    };
    log.lines().filter(|it| it.contains(&message)).filter_map(call).collect()
}

/// Paths that it wrote: of its root the outermost that changed, and mounts in which something did.
///
/// A folder of the household counts only where the contract claims to write there: writing to it is
/// what it was given for.
fn written(container: &Container, contract: &Contract) -> anyhow::Result<BTreeSet<String>> {
    let mounts = container.all.pointer("/Mounts").and_then(Value::as_array);
    let mounts: Vec<_> = mounts.into_iter().flatten().collect();
    let target = |it: &Value| it["Destination"].as_str().unwrap_or_default().to_owned();
    let memory = container.all.pointer("/HostConfig/Tmpfs").and_then(Value::as_object);
    let memory: Vec<_> = memory.into_iter().flatten().map(|it| it.0.clone()).collect();
    let targets = mounts.iter().map(|it| target(it)).chain(memory.clone());
    let targets: Vec<_> = targets.flat_map(|it| [resolved(&it), it]).collect();
    let changed = output(&mut program("docker", &["diff", &container.id]))?;
    let mut written = outermost(&changed, &targets);
    let created = container.all["Created"].as_str().context("a container was created")?;
    let is_claimed = |path: &String| {
        contract.data.items().contains(path) || contract.writes.items().contains(path)
    };
    for mount in mounts.iter().filter(|it| it["RW"] == true) {
        let target = target(mount);
        let is_own = mount["Type"] != "bind" || is_claimed(&target);
        if is_own && has_changed(container.pid, &target, created)? {
            written.insert(target);
        }
    }
    for target in memory {
        if has_changed(container.pid, &target, created)? || was_used(container.pid, &target)? {
            written.insert(target);
        }
    }
    Ok(written)
}

/// The outermost paths of `docker diff` that are no way to a mount.
fn outermost(diff: &str, mounts: &[String]) -> BTreeSet<String> {
    let below = |path: &str, folder: &str| {
        path.strip_prefix(folder).is_some_and(|it| it.is_empty() || it.starts_with('/'))
    };
    let changes: Vec<_> = diff.lines().filter_map(|it| it.split_once(' ')).collect();
    let is_way = |path: &str| mounts.iter().any(|it| below(it, path));
    let is_made = |path: &str| {
        let outer = |(kind, it): &&(&str, &str)| *kind == "A" && *it != path && below(path, it);
        changes.iter().any(|it| outer(&it) && !is_way(it.1))
    };
    // A folder only counts as changed because something in it did.
    let has_inner = |path: &str| changes.iter().any(|(_, it)| *it != path && below(it, path));
    let counts = |(kind, path): &&(&str, &str)| {
        !is_way(path) && !is_made(path) && (*kind != "C" || !has_inner(path))
    };
    changes.iter().filter(counts).map(|it| it.1.to_owned()).collect()
}

/// Where a path of a container is for others.
fn outside(pid: u64, target: &str) -> String {
    format!("/proc/{pid}/root{}", resolved(target))
}

/// In most images `/var/run` is a link to `/run`, which would lead out of the container's root.
fn resolved(target: &str) -> String {
    target.replacen("/var/run", "/run", 1)
}

/// Whether something below a mount is newer than the container; what the engine copied there is not.
fn has_changed(pid: u64, target: &str, created: &str) -> anyhow::Result<bool> {
    let path = outside(pid, target);
    let words = [&path, "-mindepth", "1", "-newermt", created, "-print", "-quit"];
    let found = crate::run::attempt(&mut program("find", &words))?;
    if found.stdout.is_empty() && !found.status.success() {
        bail!("{}", crate::run::both(&found));
    }
    Ok(!found.stdout.is_empty())
}

/// Whether a folder in memory has ever had something in it.
fn was_used(pid: u64, target: &str) -> anyhow::Result<bool> {
    let folder = fs::metadata(outside(pid, target))?;
    Ok(folder.modified()? > folder.created()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_diff_only_what_was_written_remains() {
        let diff = "C /etc\nA /etc/app\nA /etc/app/one\nC /etc/passwd\nC /var\nA /var/data\n\
                    A /run/secrets\nA /run/secrets/key\nC /run\nC /tmp\nD /opt/old\n";
        let mounts = ["/var/data", "/run/secrets/key"].map(str::to_owned);
        let found: Vec<_> = outermost(diff, &mounts).into_iter().collect();
        assert_eq!(found, ["/etc/app", "/etc/passwd", "/opt/old", "/tmp"]);
    }

    #[test]
    fn a_log_tells_calls() {
        let log = "time=x level=DEBUG msg=\"allowed request\" method=GET URL=\"/v1.51/a?b=c\" client=d\n\
                   level=WARN msg=\"blocked request\" reason=\"path not allowed\" method=POST \
                   URL=/containers/0123456789abcdef/kill client=d response=403\nnoise\n";
        assert_eq!(told(log, "allowed request"), ["GET /a".to_owned()].into());
        let blocked = told(log, "blocked request");
        assert_eq!(blocked, ["POST /containers/ID/kill".to_owned()].into());
    }
}
