//! The newest dump of each database is not older than two days.
//!
//! A service that dumps on a schedule counts as healthy while no dump fails. On a host that is off
//! at that hour, or whose schedule says another day, none is ever tried. A schedule that is not daily
//! is left alone. Only root can look into the folder; for others this rule finds nothing.
//!
//! Fix: read the service's log, dump by hand (`docs/runbooks/upgrade-a-pin.md`), and choose an hour
//! at which the host is on.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use homelab_core::compose::MountKind;
use homelab_core::dsl::variable::Kind;
use homelab_core::model::project::Member;

use super::{Context, Findings, HostRule, bind, docker};

pub(super) const RULE: HostRule =
    HostRule { id: "host-dump", source: include_str!("dump.rs"), run };

/// A day, a night on which the host was off, and the time of a slow dump.
const AGE: Duration = Duration::from_hours(48);

/// Folders below each other: more than any image makes for days, weeks and databases.
const DEPTH: u32 = 4;

fn run(context: &Context<'_>, findings: &mut Findings) {
    for member in context.enabled().filter(|it| is_daily(context, it)) {
        let binds = member.service.volumes.iter().filter(|it| it.kind == MountKind::Bind);
        for mount in binds.filter(|it| bind::holds_dumps(&member, it)) {
            let folder = context.house.source(&context.project.resolve(&mount.source));
            let Ok(newest) = newest(&folder, DEPTH) else { continue };
            let (name, path) = (member.name, folder.display());
            let log = format!("`docker compose logs {name}` says why");
            match newest {
                Some(time) => {
                    let age = SystemTime::now().duration_since(time).unwrap_or_default();
                    if age > AGE {
                        let days = age.as_secs() / 86_400;
                        let message = format!("the newest dump in `{path}` is {days} days old");
                        findings.warning(name, message, log);
                    }
                }
                None if docker::running(&context.project.file().name)
                    .iter()
                    .any(|it| it == name) =>
                {
                    findings.warning(name, format!("there is no dump in `{path}`"), log);
                }
                None => {}
            }
        }
    }
}

/// Whether none of its variables is a schedule that leaves days out.
fn is_daily(context: &Context<'_>, member: &Member<'_>) -> bool {
    let values = member.service.environment.values().map(|it| context.project.resolve(it));
    let mut schedules = values.filter(|it| Kind::Cron.accepts(it));
    schedules.all(|it| {
        let fields: Vec<_> = it.split(' ').collect();
        match fields.as_slice() {
            [_, _, rest @ ..] if rest.len() == 3 => rest.iter().all(|it| *it == "*"),
            _ => ["@daily", "@midnight", "@hourly"].contains(&it.as_str()),
        }
    })
}

/// Returns when the newest file below a folder was written; `None` when there is no file.
fn newest(folder: &Path, depth: u32) -> io::Result<Option<SystemTime>> {
    let mut newest = None;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let time = if metadata.is_file() {
            metadata.modified().ok()
        } else if metadata.is_dir() && depth > 0 {
            self::newest(&entry.path(), depth - 1)?
        } else {
            None
        };
        newest = newest.max(time);
    }
    Ok(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_file_counts_wherever_it_lies() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = |name: &str| folder.path().join(name);
        let newest = |path: &Path| newest(path, DEPTH).ok();
        assert_eq!(newest(&path("missing")), None);
        assert_eq!(newest(folder.path()), Some(None));
        fs::create_dir_all(path("last/db")).expect("the folder is ours");
        let mut times = Vec::new();
        for (name, age) in [("last/db/a", 9), ("last/b", 5), ("c", 7)] {
            let file = fs::File::create(path(name)).expect("the folder is ours");
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - age);
            file.set_modified(time).expect("the file is ours");
            times.push(time);
        }
        assert_eq!(newest(folder.path()), Some(Some(times[1])));
    }
}
