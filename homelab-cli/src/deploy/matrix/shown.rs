//! What `docker inspect` shows of the fake.

use std::process::Output;

use homelab_core::compose::MountKind;
use serde_json::{Value, json};

use super::docker::{Container, Docker, ended};

pub(super) fn containers(docker: &Docker, ids: &[&str]) -> Output {
    let found: Vec<_> = ids.iter().filter_map(|it| docker.find(it)).collect();
    let all: Vec<_> = found.iter().map(|it| container(docker, it)).collect();
    let code = i32::from(all.len() < ids.len());
    ended(code, Value::from(all).to_string(), "")
}

fn container(docker: &Docker, container: &Container) -> Value {
    let mut labels = json!({
        "com.docker.compose.project": "house",
        "com.docker.compose.service": container.name,
    });
    for (name, value) in &container.definition.labels {
        labels[name] = Value::from(value.as_str());
    }
    let environment =
        container.definition.environment.iter().map(|(name, it)| format!("{name}={it}"));
    let binds = container.definition.volumes.iter().filter(|it| it.kind == MountKind::Bind);
    let mounts: Vec<_> = binds
        .map(|bind| {
            json!({
                "Type": "bind", "Source": bind.source, "Destination": bind.target, "RW": !bind.read_only,
            })
        })
        .collect();
    let networks = container.networks.iter().map(|it| (it.clone(), json!({})));
    let networks: serde_json::Map<_, _> = networks.collect();
    let status = match (container.runs, container.started) {
        (true, _) if container.is_paused => "paused",
        (true, _) => "running",
        (false, Some(_)) => "exited",
        (false, None) => "created",
    };
    let is_well = (docker.cured || !container.is_sick())
        && !container.is_migrating(docker)
        && (container.name != "app" || docker.runs("db"));
    let started = container.started.map_or_else(
        || "0001-01-01T00:00:00Z".to_owned(),
        |it| format!("{}.{it:09}Z", docker.today.trim_end_matches('Z')),
    );
    json!({
        "Id": container.id,
        "Name": format!("/house-{}-1", container.name),
        "Image": format!("sha256:{}", container.image()),
        "RestartCount": 0,
        "Config": {
            "Image": container.image(),
            "Labels": labels,
            "Env": environment.collect::<Vec<_>>(),
            "Healthcheck": {
                "Test": ["CMD", "true"], "Interval": 1_000_000, "Timeout": 1_000_000, "Retries": 1,
            },
        },
        "State": {
            "Status": status,
            "StartedAt": started,
            "Health": { "Status": if is_well { "healthy" } else { "unhealthy" } },
        },
        "HostConfig": { "NetworkMode": "house" },
        "NetworkSettings": { "Networks": networks },
        "Mounts": mounts,
    })
}

pub(super) fn images(docker: &Docker, images: &[&str]) -> Output {
    let plain = |it: &str| it.trim_start_matches("sha256:").to_owned();
    let found: Vec<_> = images.iter().filter(|it| docker.images.contains(&plain(it))).collect();
    let all: Vec<_> = found
        .iter()
        .map(|image| {
            let digests = docker.digest.iter().map(|digest| format!("x@{digest}"));
            let digests: Vec<_> = digests.collect();
            json!({ "Id": format!("sha256:{}", plain(image)), "Config": {}, "RepoDigests": digests })
        })
        .collect();
    let code = i32::from(all.len() < images.len());
    ended(code, Value::from(all).to_string(), "no such image")
}

pub(super) fn networks(docker: &Docker, names: &[&str]) -> Output {
    let found = names.iter().filter_map(|it| docker.networks.get_key_value(*it));
    let all = found.map(|(name, internal)| {
        let on = docker.containers.iter().filter(|it| it.runs && it.networks.contains(name));
        let on: serde_json::Map<_, _> = on.map(|it| (it.id.clone(), json!({}))).collect();
        let labels = json!({ "com.docker.compose.project": "house" });
        json!({ "Name": name, "Internal": internal, "Labels": labels, "Containers": on })
    });
    let all: Vec<_> = all.collect();
    let code = i32::from(all.len() < names.len());
    ended(code, Value::from(all).to_string(), "no such network")
}
