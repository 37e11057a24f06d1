//! No path leads into the house, or to another place that gives power over the host.
//!
//! The rules of the file judge paths as they are written there. This rule judges what only the host
//! knows: the values of `.env`, and where links lead. A container reads such a path and mostly also
//! writes to it. A path that is, contains or lies in the house's folder gives the container the
//! settings, secrets and releases of all services; `/etc`, `/root`, the engine's folder and the
//! like make it root. The household may use the folder `data` of the house as it likes. A device of
//! `.env` is `/dev/null` or one below `/dev/dri`: a disk gives as much power as `/`.
//!
//! Fix: name a folder that holds nothing but the household's data, such as one below `/srv/data`; for
//! a device, the name that `ls /dev/dri` shows; for a link, put a folder in its place.

use std::path::{Path, PathBuf};

use homelab_core::checks::finding::{Finding, Severity};
use homelab_core::compose::MountKind;
use homelab_core::compose::interpolate;
use homelab_core::dsl::house::HOST_FOLDER;
use homelab_core::model::power::{self, HostPath};
use homelab_core::model::project::{Member, Project};

use super::{Context, Findings, HostRule};
use crate::house_folder::HouseFolder;
use crate::message;
use crate::settings::Settings;

pub(super) const RULE: HostRule =
    HostRule { id: "host-real-path", source: include_str!("path.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    let Context { house, settings, project, .. } = *context;
    let engine = context.engine.as_deref();
    findings.list.extend(faults(house, settings, project, engine));
    findings.list.extend(links(house, project, engine));
}

/// Something that no service may have and that a variable of `.env` gives to services.
struct Gift {
    variable: String,
    /// `path` or `device`.
    what: &'static str,
    /// Which, and what was expected.
    told: String,
    help: String,
    services: Vec<String>,
}

/// Returns one finding for each variable of `.env` that names a path or device that no service may
/// have, whatever profiles are on; `engine` is the engine's folder.
pub(crate) fn faults(
    house: &HouseFolder,
    settings: &Settings,
    project: &Project<'_>,
    engine: Option<&str>,
) -> Vec<Finding> {
    let finding = |gift: Gift| {
        let Gift { variable, what, told, help, services } = gift;
        let given =
            if services.len() == 1 { format!("the {what}") } else { format!("{what}s such as") };
        let line = settings.dotenv.entries.get(&variable).map(|it| it.line);
        let services = message::list(services.iter().map(String::as_str));
        let message = format!("`{variable}` gives {services} {given} {told}");
        let finding = settings.finding(Severity::Error, line, message, help);
        Finding { rule: RULE.id.to_owned(), ..finding }
    };
    gifts(house, settings, project, engine).into_iter().map(finding).collect()
}

/// Returns the variables of these findings, so that other rules do not report what follows from
/// their values.
pub(crate) fn refused(context: &Context<'_>) -> Vec<String> {
    let Context { house, settings, project, .. } = *context;
    let gifts = gifts(house, settings, project, context.engine.as_deref());
    gifts.into_iter().map(|it| it.variable).collect()
}

fn gifts(
    house: &HouseFolder,
    settings: &Settings,
    project: &Project<'_>,
    engine: Option<&str>,
) -> Vec<Gift> {
    let mut gifts: Vec<Gift> = Vec::new();
    for member in project.members() {
        let paths = binds(&member).filter_map(|text| {
            let value = project.resolve(text);
            let HostPath { path, what, .. } = host_path(house, engine, &value)?;
            let led = if path == value { String::new() } else { format!(", which is `{path}`") };
            let told = format!(
                "`{value}`{led} of the host: {what}; expected a folder with nothing but the \
                 household's data"
            );
            Some((text, "path", told, "another folder, such as one below `/srv/data`"))
        });
        let accepts = member.accepted("host-device").is_some();
        let devices = member.service.devices.iter().filter(|_| !accepts).filter_map(|text| {
            let value = project.resolve(text);
            let value = value.split(':').next().unwrap_or_default();
            let told =
                format!("`{value}` of the host; expected `/dev/null` or a device below `/dev/dri`");
            let told = Some(told).filter(|_| !is_harmless_device(house, value))?;
            Some((text, "device", told, "`/dev/null`, or the name that `ls /dev/dri` shows"))
        });
        for (text, what, told, expected) in paths.chain(devices).filter(|it| it.0.starts_with('$'))
        {
            let all = interpolate::variables(text);
            let set = all.iter().find(|it| settings.dotenv.value(it).is_some());
            let Some(variable) = set.or_else(|| all.first()) else { continue };
            let help = format!("set `{variable}` to {expected}");
            let service = member.name.to_owned();
            match gifts.iter_mut().find(|it| it.variable == *variable) {
                Some(gift) if gift.services.contains(&service) => {}
                Some(gift) => gift.services.push(service),
                None => {
                    let (variable, services) = (variable.clone(), vec![service]);
                    gifts.push(Gift { variable, what, told, help, services });
                }
            }
        }
    }
    gifts
}

/// Reports paths of the file that lead elsewhere on this host: a service that can write to a folder
/// can put a link there, and the mount of another service follows it. A rule of the file judges
/// these paths as they are written.
fn links(house: &HouseFolder, project: &Project<'_>, engine: Option<&str>) -> Vec<Finding> {
    let folder = real(&house.path(".")).display().to_string();
    let mut found = Vec::new();
    for member in project.members() {
        for written in binds(&member).chain(&member.service.env_file) {
            let value = project.resolve(written);
            if written.starts_with('$') || power::host_path(&value, &folder).is_some() {
                continue;
            }
            let given = host_path(house, engine, &value);
            let Some(HostPath { path, what, .. }) = given else { continue };
            let place = house.source(&value).display().to_string();
            found.push(Finding {
                rule: RULE.id.to_owned(),
                severity: Severity::Error,
                subject: member.name.to_owned(),
                place: None,
                accept: None,
                message: format!(
                    "`{}` gets `{value}`, which is `{path}` of the host: {what}",
                    member.name
                ),
                help: format!(
                    "`ls -ld {place}` and its folders show the link; put a folder in its place"
                ),
            });
        }
    }
    found
}

/// Returns the paths of the host that a service mounts, as they are written.
fn binds<'a>(member: &Member<'a>) -> impl Iterator<Item = &'a String> {
    let binds = member.service.volumes.iter().filter(|it| it.kind == MountKind::Bind);
    binds.map(|it| &it.source)
}

/// Whether a variable of `.env` gives a path that no service may have.
pub(super) fn is_refused(context: &Context<'_>, value: &str) -> bool {
    host_path(context.house, context.engine.as_deref(), value).is_some()
}

/// Returns what a path gives away of the host, as it is written or after its links; `engine` is the
/// engine's folder.
fn host_path(house: &HouseFolder, engine: Option<&str>, value: &str) -> Option<HostPath> {
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

/// Whether a device gives no access to the host, both as it is written and after its links.
fn is_harmless_device(house: &HouseFolder, value: &str) -> bool {
    let is_harmless = |it: &str| power::is_harmless_device(it, HOST_FOLDER);
    is_harmless(value) && (!value.starts_with('/') || is_harmless(&led(house, value)))
}

/// Follows the links of a path of the Compose file; `None` for a path that begins with a variable.
fn led(house: &HouseFolder, value: &str) -> String {
    if value.is_empty() || value.starts_with('$') {
        return value.to_owned();
    }
    let root = real(&house.host.path("/"));
    let led = real(&house.source(value));
    // In a test, a link out of the test's own root leads to the real machine.
    let led = led.strip_prefix(&root).map_or_else(|_| led.clone(), |it| Path::new("/").join(it));
    led.to_string_lossy().into_owned()
}

/// Follows the links of a path as far as it exists.
pub(super) fn real(path: &Path) -> PathBuf {
    for above in path.ancestors() {
        let above_path = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        if let Ok(real) = above_path.canonicalize() {
            return path.strip_prefix(above).map_or_else(|_| real.clone(), |it| real.join(it));
        }
    }
    path.to_owned()
}
