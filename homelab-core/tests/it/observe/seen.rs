//! Nothing that changes is unseen: each leaf of a service, and of what the engine says of it.

use homelab_core::compose::Service;
use homelab_core::release::diff;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::Scene;
use crate::text::property;

/// A way to a value: keys and positions.
type Path = Vec<String>;

/// Every way to a text, number, truth value, and to every element of a list or map.
fn paths(value: &Value) -> Vec<Path> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, it)| (key.clone(), it)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(at, it)| (at.to_string(), it)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => return Vec::new(),
    };
    let mut all = Vec::new();
    for (key, child) in children {
        all.push(vec![key.clone()]);
        let below = paths(child).into_iter();
        all.extend(below.map(|mut it| {
            it.insert(0, key.clone());
            it
        }));
    }
    all
}

fn at<'a>(value: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(value, |value, key| match value {
        Value::Array(list) => &mut list[key.parse::<usize>().expect("a position")],
        Value::Object(map) => &mut map[key.as_str()],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    })
}

fn remove(value: &mut Value, path: &[String]) {
    let (key, before) = path.split_last().expect("no way is empty");
    match at(value, before) {
        Value::Array(list) => drop(list.remove(key.parse().expect("a position"))),
        Value::Object(map) => drop(map.remove(key)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Another value of the same kind, a number by `more` larger; none for lists and maps.
fn other(value: &Value, suffix: &str, more: u64) -> Option<Value> {
    match value {
        Value::String(text) => Some(json!(format!("{text}{suffix}"))),
        Value::Bool(it) => Some(json!(!it)),
        Value::Number(it) => Some(json!(it.as_u64()? + more)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Ends of words that make another meaning of anything: no unit, no path, no number.
fn suffix() -> impl Strategy<Value = String> {
    "x[a-z0-9]{0,3}"
}

/// The service as JSON with one field changed or removed, and which.
fn mutations(service: &Service, suffix: &str) -> Vec<(String, Value)> {
    let value = serde_json::to_value(service).expect("plain data");
    let mut all = Vec::new();
    for path in paths(&value) {
        let mut changed = value.clone();
        if let Some(other) = other(at(&mut changed, &path), suffix, 1) {
            *at(&mut changed, &path) = other;
            all.push((format!("{} changes", path.join(" ")), changed));
        }
        let mut changed = value.clone();
        remove(&mut changed, &path);
        all.push((format!("{} goes", path.join(" ")), changed));
    }
    all
}

/// What makes no other container, and what an engine does not tell.
fn is_silent(service: &str, what: &str) -> bool {
    let field = what.split(' ').next().unwrap_or_default();
    ["profiles", "depends_on"].contains(&field)
        || what.starts_with("deploy replicas")
        // The engine's own configuration may say the same.
        || field == "logging" && what.ends_with("goes")
        // It knows another container by its id.
        || ["pid", "ipc", "network_mode"].map(|it| format!("{it} changes")).contains(&what.to_owned())
            && service == "follow"
}

/// What means the same to the engine: what the image says, too, or what is so by default.
fn is_same(service: &str, what: &str, before: &Value, after: &Value) -> bool {
    let image_says = [
        ("filebrowser", "user goes"),
        ("syncthing", "environment PUID goes"),
        ("syncthing", "environment PGID goes"),
        ("every", "environment SAME goes"),
        ("every", "labels same goes"),
        ("every", "healthcheck test goes"),
    ];
    let default = [
        ("/healthcheck/interval", "30s"),
        ("/healthcheck/timeout", "30s"),
        ("/restart", "no"),
        ("/ipc", "shareable"),
    ];
    let is_default = |(pointer, value): (&str, &str)| {
        let field = pointer.trim_start_matches('/').replace('/', " ");
        what == format!("{field} goes") && before.pointer(pointer) == Some(&json!(value))
    };
    // A missing folder is made, unless it is said otherwise.
    let makes = |it: &Value| {
        let all = it["volumes"].as_array().into_iter().flatten();
        let no = Some(&json!(false));
        all.map(|it| it.pointer("/bind/create_host_path") != no).collect::<Vec<_>>()
    };
    image_says.contains(&(service, what))
        || default.into_iter().any(is_default)
        || what.starts_with("volumes ") && what.contains(" bind") && makes(before) == makes(after)
}

#[test]
fn no_change_of_a_file_is_unseen() {
    let scenes = [Scene::house(), Scene::odd()];
    property(4, &suffix(), |suffix| {
        let mut count = 0;
        for scene in &scenes {
            for (name, container, wanted) in scene.services() {
                let before = serde_json::to_value(wanted).expect("plain data");
                for (what, after) in mutations(wanted, &suffix) {
                    if is_silent(name, &what) || is_same(name, &what, &before, &after) {
                        continue;
                    }
                    // Not every text is a protocol.
                    let Ok(changed) = serde_json::from_value::<Service>(after) else { continue };
                    let field = what.split(' ').next().unwrap_or_default();
                    prop_assert!(!diff::service(wanted, &changed).is_empty(), "{name}: {what}");
                    let told = scene.changes(container, &changed);
                    prop_assert!(!told.is_empty(), "{name}: {what}");
                    let others = told.iter().find(|it| !it.starts_with(field));
                    let is_known = what.contains("entrypoint") || others.is_none();
                    prop_assert!(is_known, "{name}: {what}: {told:?}");
                    count += 1;
                }
            }
        }
        prop_assert!(count > 1000, "{count}");
        Ok(())
    });
}

/// Parts of an inspection that do not say what a container is: names, ids, bookkeeping, what the
/// engine adds, and places that say the same once more.
const SILENT: &[&str] = &[
    "Name",
    "Id",
    "Image",
    "Config ExposedPorts",
    "Config Volumes",
    "Config Labels com.docker.compose.",
    "Config Labels homelab.files",
    "HostConfig Binds",
    "HostConfig CpuPeriod",
    "HostConfig CpuQuota",
    // How a mount was asked for; `Mounts` says what came of it.
    "HostConfig Mounts",
];

/// Whether a part of an inspection says nothing in this case.
fn says_nothing(wanted: &Service, container: &Value, way: &[String]) -> bool {
    let way = way.join(" ");
    let value = |pointer: &str| container.pointer(pointer).and_then(Value::as_str);
    let other = |it: &str| {
        let mode = value(it).unwrap_or_default();
        // A network's name, or another container's id, which the file does not know.
        it.ends_with("NetworkMode") && mode.contains('_') || mode.starts_with("container:")
    };
    let modes = ["NetworkMode", "PidMode", "IpcMode"];
    let is_mode =
        |it: &str| way == format!("HostConfig {it}") && other(&format!("/HostConfig/{it}"));
    let is_off = wanted.healthcheck.as_ref().is_some_and(|it| it.disable);
    let number = way.split(' ').nth(1).unwrap_or_default();
    let of_mount = |key: &str| value(&format!("/Mounts/{number}/{key}")).unwrap_or_default();
    let is_invented = of_mount("Name").len() == 64;
    SILENT.iter().any(|it| way.starts_with(it))
        || modes.into_iter().any(is_mode)
        // In the host's network it is the host's.
        || way == "Config Hostname" && value("/HostConfig/NetworkMode") == Some("host")
        || way.starts_with("Config Healthcheck") && !way.contains("Test") && is_off
        || way.starts_with("HostConfig LogConfig") && wanted.logging.is_none()
        || way.ends_with("PublishAllPorts") && container["Config"]["ExposedPorts"].is_null()
        || way.starts_with("Mounts") && (way.ends_with("Type") || way.ends_with("RW") && is_invented)
        // Of a volume its name counts.
        || way.starts_with("Mounts") && way.ends_with("Source") && of_mount("Type") == "volume"
}

#[test]
fn no_drift_of_a_container_is_unseen() {
    for (scene, at_least) in [(Scene::house(), 500), (Scene::odd(), 100)] {
        let mut count = 0;
        for (name, container, wanted) in scene.services() {
            for way in paths(container) {
                let mut changed = container.clone();
                let Some(other) = other(at(&mut changed, &way), "x", 1_000_000) else { continue };
                *at(&mut changed, &way) = other;
                if !says_nothing(wanted, container, &way) {
                    assert!(!scene.changes(&changed, wanted).is_empty(), "{name}: {way:?}");
                    count += 1;
                }
            }
        }
        assert!(count > at_least, "{count}");
    }
}
