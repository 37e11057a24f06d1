//! No path of `.env` leads into the house, or to what else governs the host.
//!
//! A path of `.env` is handed to a container, which reads and mostly also writes it: one that is,
//! contains or lies in the house's folder gives it the settings, secrets and releases of all
//! others; `/etc`, `/root`, the engine's folder and the like make it root. Links are followed. The
//! folder `data` of the house is free for the household. A device of `.env` is `/dev/null` or one
//! below `/dev/dri`: a disk is as much as `/`.
//!
//! Fix: name a folder that holds nothing but the household's data, such as one below `/srv/data`; for
//! a device, the name that `ls /dev/dri` shows.

use std::path::{Path, PathBuf};

use homelab_core::compose::MountKind;
use homelab_core::finding::{Finding, Severity};
use homelab_core::interpolate;
use homelab_core::power::{self, HostPath};
use homelab_core::project::Project;

use super::{Context, Findings, HostRule, docker};
use crate::house::House;
use crate::settings::Settings;

pub(super) const RULE: HostRule =
    HostRule { id: "host-path-of-env", source: include_str!("path.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    let Context { house, settings, project, .. } = *context;
    findings.list.extend(faults(house, settings, project));
}

/// Paths of `.env` that no service may have, whatever profiles are on.
pub(crate) fn faults(house: &House, settings: &Settings, project: &Project<'_>) -> Vec<Finding> {
    let engine = docker::folder();
    let mut found: Vec<Finding> = Vec::new();
    for member in project.members() {
        let binds = member.service.volumes.iter().filter(|it| it.kind == MountKind::Bind);
        for mount in binds.filter(|it| it.source.starts_with('$')) {
            let value = project.resolve(&mount.source);
            let Some(HostPath { path, what, .. }) = host_path(house, engine.as_deref(), &value)
            else {
                continue;
            };
            let led = if path == value { String::new() } else { format!(", which is `{path}`") };
            let says = |name: &str| Said {
                message: format!(
                    "`{name}` gives `{}` the path `{value}`{led} of the host: {what}; expected a \
                     folder with nothing but the household's data",
                    member.name
                ),
                help: format!("set `{name}` to another folder, such as one below `/srv/data`"),
            };
            found.extend(fault(settings, &mount.source, says));
        }
        for device in member.service.devices.iter().filter(|it| it.starts_with('$')) {
            let value = project.resolve(device);
            let value = value.split(':').next().unwrap_or_default();
            if is_harmless_device(house, value) || member.waiver("host-device").is_some() {
                continue;
            }
            let says = |name: &str| Said {
                message: format!(
                    "`{name}` gives `{}` the device `{value}` of the host; expected `/dev/null` or a \
                     device below `/dev/dri`",
                    member.name
                ),
                help: format!("set `{name}=/dev/null`, or the name that `ls /dev/dri` shows"),
            };
            found.extend(fault(settings, device, says));
        }
    }
    let mut all: Vec<Finding> = Vec::new();
    for finding in found {
        if !all.contains(&finding) {
            all.push(finding);
        }
    }
    all
}

/// What a finding says of a variable.
struct Said {
    message: String,
    help: String,
}

/// A finding about the variable that gives a text of the file its value.
fn fault(settings: &Settings, text: &str, says: impl Fn(&str) -> Said) -> Option<Finding> {
    let all = interpolate::variables(text);
    let named = all.iter().find(|it| settings.dotenv.value(it).is_some());
    let name = named.or_else(|| all.first())?;
    let Said { message, help } = says(name);
    let line = settings.dotenv.entries.get(name).map(|it| it.line);
    let finding = settings.finding(Severity::Error, line, message, help);
    Some(Finding { rule: RULE.id.to_owned(), ..finding })
}

/// What a path gives away, as it is written or where its links lead to; `engine` is the engine's folder.
fn host_path(house: &House, engine: Option<&str>, value: &str) -> Option<HostPath> {
    if !value.starts_with('/') {
        return power::host_path(value, power::HOUSE);
    }
    let folder = real(&house.path("."));
    let folder = folder.to_string_lossy();
    let led = led(house, value);
    let known = [value, &led].into_iter().find_map(|it| power::host_path(it, &folder));
    known.or_else(|| {
        let engine = PathBuf::from(self::led(house, engine?));
        let path = Path::new(&led);
        let is_engines = path.starts_with(&engine) || engine.starts_with(path);
        is_engines.then(|| HostPath::engines(led))
    })
}

/// Whether a device gives nothing of the host, as it is written and where its links lead to.
fn is_harmless_device(house: &House, value: &str) -> bool {
    let folder = power::HOUSE;
    [value, &led(house, value)].into_iter().all(|it| power::is_harmless_device(it, folder))
}

/// Where the links of an absolute path of the host lead to.
fn led(house: &House, value: &str) -> String {
    if !value.starts_with('/') {
        return value.to_owned();
    }
    let root = real(&house.host.path("/"));
    let led = real(&house.host.path(value));
    // Out of a test's own root, a link leads to the machine.
    let led = led.strip_prefix(&root).map_or_else(|_| led.clone(), |it| Path::new("/").join(it));
    led.to_string_lossy().into_owned()
}

/// A path with its links followed as far as it exists.
pub(super) fn real(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        let above_path = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        if let Ok(real) = above_path.canonicalize() {
            return path.strip_prefix(above).map_or_else(|_| real.clone(), |it| real.join(it));
        }
    }
    path.to_owned()
}
