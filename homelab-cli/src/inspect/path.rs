//! No path of `.env` leads into the house, or to what else governs the host.
//!
//! A path of `.env` is handed to a container, which reads and mostly also writes it: one that is,
//! contains or lies in the house's folder gives it the settings, secrets and releases of all
//! others; `/etc`, `/root`, the engine's folder and the like make it root. Links are followed. The
//! folder `data` of the house is free for the household.
//!
//! Fix: name a folder that holds nothing but the household's data, such as one below `/srv/data`.

use std::path::{Path, PathBuf};

use homelab_core::compose::MountKind;
use homelab_core::finding::{Finding, Severity};
use homelab_core::interpolate;
use homelab_core::power::{self, HostPath};
use homelab_core::project::Project;

use super::{Context, Findings, HostRule};
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
    let mut found: Vec<Finding> = Vec::new();
    for member in project.members() {
        let binds = member.service.volumes.iter().filter(|it| it.kind == MountKind::Bind);
        for mount in binds.filter(|it| it.source.starts_with('$')) {
            let value = project.resolve(&mount.source);
            let Some(HostPath { path, what, .. }) = place(house, &value) else { continue };
            let all = interpolate::variables(&mount.source);
            let named = all.iter().find(|it| settings.dotenv.value(it).is_some());
            let Some(name) = named.or_else(|| all.first()) else { continue };
            let led = if path == value { String::new() } else { format!(", which is `{path}`") };
            let message = format!(
                "`{name}` gives `{}` the path `{value}`{led} of the host: {what}; expected a folder \
                 with nothing but the household's data",
                member.name
            );
            let help = format!("set `{name}` to another folder, such as one below `/srv/data`");
            let line = settings.dotenv.entries.get(name).map(|it| it.line);
            let finding = settings.finding(Severity::Error, line, message, help);
            let finding = Finding { rule: RULE.id.to_owned(), ..finding };
            if !found.contains(&finding) {
                found.push(finding);
            }
        }
    }
    found
}

/// What a path gives away, as it is written or where its links lead to.
fn place(house: &House, value: &str) -> Option<HostPath> {
    if !value.starts_with('/') {
        return power::host_path(value, power::HOUSE);
    }
    let folder = real(&house.path("."));
    let root = real(&house.host.path("/"));
    let led = real(&house.host.path(value));
    // Out of a test's own root, a link leads to the machine.
    let led = led.strip_prefix(&root).map_or_else(|_| led.clone(), |it| Path::new("/").join(it));
    let folder = folder.to_string_lossy();
    [value, &led.to_string_lossy()].iter().find_map(|it| power::host_path(it, &folder))
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
