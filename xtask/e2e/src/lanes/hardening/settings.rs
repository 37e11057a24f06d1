//! Every setting of the file that a container could lose or gain, as the engine has it.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, bail};
use homelab_core::compose::MountKind;
use homelab_core::project::{Member, Project};
use serde_json::Value;

use crate::docker::{self, Container};
use crate::lanes::Scene;

/// Compares `docker inspect` with the model, field by field.
pub(super) fn run(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project_with(&scene.house.dotenv())?;
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for container in docker::containers()? {
        let member = project.member(&container.service).context("a foreign container")?;
        for (what, expected, found) in fields(&project, &member, &container, &scene.house.folder) {
            compared += 1;
            let missing: Vec<_> = expected.difference(&found).collect();
            let added: Vec<_> = found.difference(&expected).collect();
            if !missing.is_empty() || !added.is_empty() {
                let service = member.name;
                wrong.push(format!(
                    "{service}: {what}: missing {missing:?}, not in the file {added:?}"
                ));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(format!("{compared} settings"))
}

type Set = BTreeSet<String>;

/// What is compared: its name, what the file says, what the engine has.
fn fields(
    project: &Project<'_>,
    member: &Member<'_>,
    container: &Container,
    folder: &Path,
) -> Vec<(&'static str, Set, Set)> {
    let service = member.service;
    let text = |pointer: &str| one(container.all.pointer(pointer));
    let list = |pointer: &str| texts(container.all.pointer(pointer));
    let own = |it: &[String]| it.iter().map(|it| project.resolve(it)).collect::<Set>();
    let or = |it: &Option<String>, default: &str| {
        Set::from([it.clone().unwrap_or_else(|| default.to_owned())])
    };
    let tmpfs = service.tmpfs.iter().map(|it| it.split(':').next().unwrap_or(it).to_owned());
    let added = list("/HostConfig/CapAdd");
    let added = added.iter().map(|it| it.trim_start_matches("CAP_").to_owned()).collect();
    let mut options = own(&service.security_opt);
    if service.pid.as_deref() == Some("host") {
        // The engine's own addition: SELinux cannot label what sees the host's processes.
        options.insert("label=disable".to_owned());
    }
    let mut fields = vec![
        ("mounts", mounts(project, member, folder), mounted(container)),
        ("tmpfs", tmpfs.collect(), keys(container.all.pointer("/HostConfig/Tmpfs"))),
        ("published ports", ports(project, member), published(container)),
        ("capabilities added", own(&service.cap_add), added),
        ("capabilities dropped", own(&service.cap_drop), list("/HostConfig/CapDrop")),
        ("security options", options, list("/HostConfig/SecurityOpt")),
        ("groups", own(&service.group_add), list("/HostConfig/GroupAdd")),
        ("devices", own(&service.devices), devices(container)),
        ("restart policy", or(&service.restart, "no"), text("/HostConfig/RestartPolicy/Name")),
        ("process namespace", or(&service.pid, ""), text("/HostConfig/PidMode")),
        ("ipc", or(&service.ipc, "private"), text("/HostConfig/IpcMode")),
        ("privileged", Set::from([service.privileged.to_string()]), text("/HostConfig/Privileged")),
        (
            "read-only",
            Set::from([service.read_only.to_string()]),
            text("/HostConfig/ReadonlyRootfs"),
        ),
        ("waits for", waits(member), waited(container)),
    ];
    if let Some(logging) = &service.logging {
        let pairs = logging.options.iter().map(|(key, it)| format!("{key}={it}"));
        fields.push((
            "log options",
            pairs.collect(),
            pairs_of(container, "/HostConfig/LogConfig/Config"),
        ));
    }
    if let Some(check) = service.healthcheck.as_ref().filter(|it| !it.test.is_empty()) {
        fields.push(("health check", Set::from([check.test.join(" ")]), {
            let words = container.all.pointer("/Config/Healthcheck/Test").and_then(Value::as_array);
            let words = words.into_iter().flatten().filter_map(Value::as_str);
            Set::from([words.collect::<Vec<_>>().join(" ")])
        }));
    }
    fields
}

/// `source -> target`, with `ro` where it cannot be written.
fn mounts(project: &Project<'_>, member: &Member<'_>, folder: &Path) -> Set {
    let volume = |it: &homelab_core::compose::ServiceMount| {
        let source = match it.kind {
            MountKind::Volume => format!("homelab_{}", it.source),
            MountKind::Bind => absolute(folder, &project.resolve(&it.source)),
        };
        line(&source, &it.target, !it.read_only)
    };
    let secret = |it: &String| {
        let file = project.file().secrets.get(it).map_or(it.as_str(), |it| it.file.as_str());
        line(&absolute(folder, &project.resolve(file)), &format!("/run/secrets/{it}"), false)
    };
    let volumes = member.service.volumes.iter().map(volume);
    volumes.chain(member.service.secrets.iter().map(secret)).collect()
}

fn mounted(container: &Container) -> Set {
    let all = container.all.pointer("/Mounts").and_then(Value::as_array);
    let mount = |it: &Value| {
        let text = |key: &str| it.get(key).and_then(Value::as_str).unwrap_or_default();
        let kind = text("Type");
        let source = if kind == "volume" { text("Name") } else { text("Source") };
        let writable = it.get("RW").and_then(Value::as_bool).unwrap_or(true);
        (kind != "tmpfs").then(|| line(source, text("Destination"), writable))
    };
    all.into_iter().flatten().filter_map(mount).collect()
}

fn line(source: &str, target: &str, writable: bool) -> String {
    format!("{source} -> {target}{}", if writable { "" } else { " ro" })
}

fn absolute(folder: &Path, path: &str) -> String {
    let relative = path.strip_prefix("./").unwrap_or(path);
    folder.join(relative).display().to_string()
}

fn ports(project: &Project<'_>, member: &Member<'_>) -> Set {
    let port = |it: &homelab_core::compose::PublishedPort| {
        let address = it.host_ip.as_ref().map(|it| project.resolve(it)).unwrap_or_default();
        format!("{address}:{}:{}/{}", project.resolve(&it.published), it.target, it.protocol)
    };
    member.service.ports.iter().map(port).collect()
}

fn published(container: &Container) -> Set {
    let bindings = container.all.pointer("/HostConfig/PortBindings").and_then(Value::as_object);
    let mut ports = Set::new();
    for (target, hosts) in bindings.into_iter().flatten() {
        for host in hosts.as_array().into_iter().flatten() {
            let text = |key: &str| host.get(key).and_then(Value::as_str).unwrap_or_default();
            ports.insert(format!("{}:{}:{target}", text("HostIp"), text("HostPort")));
        }
    }
    ports
}

fn devices(container: &Container) -> Set {
    let all = container.all.pointer("/HostConfig/Devices").and_then(Value::as_array);
    let device = |it: &Value| {
        let text = |key: &str| it.get(key).and_then(Value::as_str).unwrap_or_default();
        let (host, inside) = (text("PathOnHost"), text("PathInContainer"));
        format!("{host}:{inside}:{}", text("CgroupPermissions"))
    };
    all.into_iter().flatten().map(device).collect()
}

/// Whom it waits for: the condition is what Compose keeps in its label.
fn waits(member: &Member<'_>) -> Set {
    let condition = |it: &homelab_core::compose::Dependency| {
        serde_json::to_value(it.condition).ok().and_then(|it| Some(it.as_str()?.to_owned()))
    };
    let all = member.service.depends_on.iter();
    all.map(|(name, it)| format!("{name}:{}", condition(it).unwrap_or_default())).collect()
}

fn waited(container: &Container) -> Set {
    let label = "/Config/Labels/com.docker.compose.depends_on";
    let text = container.all.pointer(label).and_then(Value::as_str).unwrap_or_default();
    // `name:condition:restart`
    let pair = |it: &str| it.rsplit_once(':').map(|it| it.0.to_owned());
    text.split(',').filter_map(pair).collect()
}

fn one(value: Option<&Value>) -> Set {
    Set::from([match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }])
}

fn texts(value: Option<&Value>) -> Set {
    let all = value.and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

fn keys(value: Option<&Value>) -> Set {
    value.and_then(Value::as_object).into_iter().flatten().map(|it| it.0.clone()).collect()
}

fn pairs_of(container: &Container, pointer: &str) -> Set {
    let all = container.all.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    all.map(|(key, it)| format!("{key}={}", it.as_str().unwrap_or_default())).collect()
}
