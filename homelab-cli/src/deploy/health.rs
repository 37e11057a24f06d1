//! The health of services: waits until every one is well, or until one of them cannot become so.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use homelab_core::compose::File;
use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

use super::files;
use super::migration::{self, Deadlines};
use super::progress::Progress;
use crate::docker::{self, seen, seen::Seen};
use crate::error::Error;

/// Pause between two looks.
const INTERVAL: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 500 });

/// Time that Docker may need in addition to the health checks' own.
const SLACK: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 60_000 });

/// The longest wait for one service, whatever its health check says: the lock is held meanwhile. A migration may
/// take longer.
const LONGEST: Duration = Duration::from_hours(1);

/// The services that are not healthy now.
pub(super) fn unwell(seen: &Seen) -> IndexSet<String> {
    let containers = seen.containers.iter().filter(|it| !is_well(it));
    containers.filter_map(|it| Some(seen::service(it)?.to_owned())).collect()
}

/// Bytes that are kept of an unhealthy service's log, of which 200 lines may be long.
const LOG: usize = 256 << 10;

/// Restarts after which a new container is given up.
const LOOP: u64 = 4;

/// How to wait for the services of a file.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    /// Services that were unhealthy before and that the deploy does not touch: nobody waits for these, so that
    /// a deploy can mend the rest of a house.
    pub(super) excused: &'a [String],
    /// Services with a new container. If one of these becomes unhealthy, waiting ends. Others may recover, for
    /// example when a database that they use was away for a moment.
    pub(super) touched: IndexSet<String>,
    /// Services that may migrate their data, each with the time until which it is waited for. That they are
    /// unhealthy says nothing until then, neither of them nor of services that use them.
    pub(super) migrating: &'a Deadlines,
    /// Where the log of an unhealthy service is kept. It may hold secrets and stays on the host.
    pub(super) logs: &'a Path,
}

/// Waits until all services of the file are healthy; returns what Docker shows then.
pub(super) fn wait(
    file: &File,
    with: &Waiting<'_>,
    tell: &mut dyn FnMut(String),
) -> Result<Seen, Error> {
    let started = Instant::now();
    let mut clock = Clock { started, migrated: started };
    let mut progress = Progress::new();
    loop {
        let seen = docker::see_project(&file.name)?;
        match judge(file, &seen, with) {
            Verdict::Well => return Ok(seen),
            Verdict::Bad(name) => return Err(unhealthy(&seen, &name, with.logs, "")),
            Verdict::Wait(names) => {
                let now = Instant::now();
                if names.iter().any(|it| with.migrating.contains_key(it)) {
                    clock.migrated = now;
                }
                if let Some(name) = clock.late(&names, &seen, with, now) {
                    let after = format!(", after {} s", started.elapsed().as_secs());
                    return Err(unhealthy(&seen, name, with.logs, &after));
                }
                let longest = names.iter().map(|it| clock.deadline(it, &seen, with)).max();
                let what = || {
                    let health = |it: &String| seen.of(it).next().map_or("gone", of).to_owned();
                    let names = names.iter().map(|it| format!("`{it}` ({})", health(it)));
                    names.collect::<Vec<_>>().join(", ")
                };
                progress.tell(longest.unwrap_or(now), what, tell);
                std::thread::sleep(INTERVAL);
            }
        }
    }
}

/// When waiting began, and when a service that may migrate its data was last seen unwell.
struct Clock {
    started: Instant,
    migrated: Instant,
}

impl Clock {
    /// Until when a service may be unwell.
    fn deadline(&self, name: &str, seen: &Seen, with: &Waiting<'_>) -> Instant {
        let usual = patience(seen, name);
        match with.migrating.get(name) {
            // A container that has ended migrates nothing.
            Some(_) if has_ended(seen, name) => self.started + usual,
            Some(deadline) => (*deadline).max(self.started + usual),
            None => self.migrated + usual,
        }
    }

    /// The service for which waiting ends: one that may migrate its data and is late, else the last one when all
    /// are late.
    fn late<'a>(
        &self,
        names: &'a [String],
        seen: &Seen,
        with: &Waiting<'_>,
        now: Instant,
    ) -> Option<&'a String> {
        let is_late = |it: &&String| now > self.deadline(it, seen, with);
        let mut migrating = names.iter().filter(|it| with.migrating.contains_key(*it));
        migrating
            .rfind(is_late)
            .or_else(|| names.last().filter(|_| names.iter().all(|it| is_late(&it))))
    }
}

/// Fails where the container of a service has ended, or ends again and again: then nothing comes of waiting.
pub(super) fn goes_on(project: &str, name: &str, logs: &Path) -> Result<(), Error> {
    let seen = docker::see_project(project)?;
    if let Some(looping) = seen.of(name).find(|it| is_looping(it)) {
        let after = format!(" after {} restarts", restarts(looping));
        return Err(unhealthy(&seen, name, logs, &after));
    }
    if has_ended(&seen, name) { Err(unhealthy(&seen, name, logs, "")) } else { Ok(()) }
}

/// Whether a service's container runs no more, and nothing restarts it.
fn has_ended(seen: &Seen, name: &str) -> bool {
    seen.of(name).all(|it| ["exited", "dead"].contains(&of(it)))
}

/// The health of a container: `healthy`, `unhealthy`, `starting`, or its status where it has no check.
pub(super) fn of(container: &Value) -> &str {
    let status = seen::text(container, "/State/Status").unwrap_or("unknown");
    match seen::text(container, "/State/Health/Status") {
        Some(health) if status == "running" && health != "none" => health,
        _ => status,
    }
}

/// Health by service.
pub(super) fn by_service(seen: &Seen) -> IndexMap<String, String> {
    let one = |it: &Value| Some((seen::service(it)?.to_owned(), of(it).to_owned()));
    seen.containers.iter().filter_map(one).collect()
}

/// The state of all services: well, to be waited for, or decided by one that is bad.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Well,
    Wait(Vec<String>),
    Bad(String),
}

fn judge(file: &File, seen: &Seen, with: &Waiting<'_>) -> Verdict {
    let mut waiting = Vec::new();
    let affected = migration::users(file, with.migrating.keys());
    for name in file.services.keys().filter(|it| !with.excused.contains(*it)) {
        let Some(container) = seen.of(name).next() else {
            return Verdict::Bad(name.clone());
        };
        let is_migrating = with.migrating.contains_key(name);
        let is_new = with.touched.contains(name) || is_migrating;
        let is_affected = affected.contains(name.as_str());
        match of(container) {
            "unhealthy" if is_new && !is_affected => return Verdict::Bad(name.clone()),
            "exited" if is_new && has_failed(container) => return Verdict::Bad(name.clone()),
            "dead" => return Verdict::Bad(name.clone()),
            "restarting" if is_new && (is_migrating || !is_affected) && is_looping(container) => {
                return Verdict::Bad(name.clone());
            }
            _ if is_well(container) => {}
            _ => waiting.push(name.clone()),
        }
    }
    if waiting.is_empty() { Verdict::Well } else { Verdict::Wait(waiting) }
}

/// A container is well when it is healthy, or running without a health check. A job is well when it has
/// ended with exit code 0; one that still runs has no health check, and whoever uses it waits for its end.
pub(super) fn is_well(container: &Value) -> bool {
    let health = of(container);
    health == "healthy" || health == "running" && !has_check(container) || seen::is_done(container)
}

/// Whether a container is a job's that has ended with another exit code than 0.
fn has_failed(container: &Value) -> bool {
    seen::is_job(container) && !seen::is_done(container)
}

fn has_check(container: &Value) -> bool {
    seen::text(container, "/Config/Healthcheck/Test/0").is_some_and(|it| it != "NONE")
}

/// The error about a service. Its log is kept, since the way back removes its container.
fn unhealthy(seen: &Seen, name: &str, logs: &Path, after: &str) -> Error {
    let Some(container) = seen.of(name).next() else {
        return Error::Unhealthy(format!("`{name}` has no container"));
    };
    let mut text = format!("`{name}` is {}{after}", of(container));
    if let Some(said) = last_probe(container) {
        let _ = write!(text, "; its probe says: {said}");
    }
    let id = seen::text(container, "/Id").unwrap_or_default();
    if let Ok(output) = docker::attempt(&["logs", "--tail", "200", id]) {
        let log = [output.stdout, output.stderr].concat();
        if files::write(logs, last(&log), 0o600).is_ok() {
            let _ = write!(text, "; its log is kept on the host: {}", logs.display());
        }
    }
    Error::Unhealthy(text)
}

/// The part of a log that is kept.
fn last(log: &[u8]) -> &[u8] {
    &log[log.len().saturating_sub(LOG)..]
}

/// The last line of the last probe, cut to 200 characters.
fn last_probe(container: &Value) -> Option<String> {
    let probes = container.pointer("/State/Health/Log").and_then(Value::as_array)?;
    let said = seen::text(probes.last()?, "/Output")?;
    let line = said.lines().rfind(|it| !it.trim().is_empty())?;
    Some(line.trim().chars().take(200).collect())
}

/// How long a service's health check may take to call the service unhealthy.
pub(super) fn patience(seen: &Seen, name: &str) -> Duration {
    seen.of(name).map(verdict).max().unwrap_or_default().min(LONGEST) + SLACK
}

/// Whether a container was restarted so often that it is given up.
pub(super) fn is_looping(container: &Value) -> bool {
    restarts(container) >= LOOP
}

fn restarts(container: &Value) -> u64 {
    container.pointer("/RestartCount").and_then(Value::as_u64).unwrap_or_default()
}

/// Start period, then as many probes as it takes and one that is under way; Docker's defaults where
/// nothing is said.
fn verdict(container: &Value) -> Duration {
    let check = container.pointer("/Config/Healthcheck").filter(|it| it.is_object());
    let Some(check) = check else { return Duration::ZERO };
    let number = |name: &str, default: u64| {
        check.get(name).and_then(Value::as_u64).filter(|it| *it > 0).unwrap_or(default)
    };
    let nanoseconds =
        |name: &str, default: u64| Duration::from_nanos(number(name, default * 1_000_000_000));
    let probe = nanoseconds("Interval", 30) + nanoseconds("Timeout", 30);
    let retries = u32::try_from(number("Retries", 3)).unwrap_or(u32::MAX);
    nanoseconds("StartPeriod", 0).saturating_add(probe.saturating_mul(retries.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use homelab_core::compose::{Condition, Dependency, Service};
    use serde_json::json;

    use super::*;

    fn container(name: &str, status: &str, health: Option<&str>) -> Value {
        json!({
            "Id": name,
            "Config": {
                "Labels": { "com.docker.compose.service": name },
                "Healthcheck": health.map(|_| json!({ "Test": ["CMD", "x"] })),
            },
            "State": { "Status": status, "Health": health.map(|it| json!({ "Status": it })) },
        })
    }

    #[test]
    fn a_house_is_well_when_every_service_is() {
        let file = File {
            services: ["a", "b"].map(|it| (it.to_owned(), Service::default())).into(),
            ..File::default()
        };
        let judged = |containers: Vec<Value>, excused: &[&str]| {
            let seen = Seen { containers, ..Seen::default() };
            let excused: Vec<_> = excused.iter().map(|it| (*it).to_owned()).collect();
            let (touched, migrating) = (["b".to_owned()].into(), Deadlines::new());
            let logs = Path::new("/nowhere");
            judge(
                &file,
                &seen,
                &Waiting { excused: &excused, touched, migrating: &migrating, logs },
            )
        };
        let a = || container("a", "running", Some("healthy"));
        assert_eq!(judged(vec![a(), container("b", "running", None)], &[]), Verdict::Well);
        let starting = container("b", "running", Some("starting"));
        assert!(matches!(judged(vec![a(), starting], &[]), Verdict::Wait(_)));
        let restarting = container("b", "restarting", None);
        assert!(matches!(judged(vec![a(), restarting], &[]), Verdict::Wait(_)));
        let ended = |policy: &str, code: i32| {
            let mut ended = container("b", "exited", None);
            ended["HostConfig"] = json!({ "RestartPolicy": { "Name": policy } });
            ended["State"]["ExitCode"] = code.into();
            ended
        };
        assert_eq!(judged(vec![a(), ended("no", 0)], &[]), Verdict::Well);
        assert!(matches!(judged(vec![a(), ended("no", 1)], &[]), Verdict::Bad(_)));
        assert!(matches!(judged(vec![a(), ended("unless-stopped", 0)], &[]), Verdict::Wait(_)));
        let bad = || container("b", "running", Some("unhealthy"));
        assert!(matches!(judged(vec![a(), bad()], &[]), Verdict::Bad(_)));
        assert_eq!(judged(vec![a(), bad()], &["b"]), Verdict::Well);
        assert!(matches!(judged(vec![a()], &[]), Verdict::Bad(_)));
        // Nobody touched it: what it uses may just be away.
        let other = container("a", "running", Some("unhealthy"));
        let b = container("b", "running", Some("healthy"));
        assert!(matches!(judged(vec![other, b], &[]), Verdict::Wait(_)));
    }

    #[test]
    fn who_may_migrate_is_waited_for_and_so_is_who_uses_it() {
        let depends_on =
            [("a".to_owned(), Dependency { condition: Condition::ServiceHealthy, restart: false })];
        let user = Service { depends_on: depends_on.into(), ..Service::default() };
        let file = File {
            services: [("a".to_owned(), Service::default()), ("b".to_owned(), user)].into(),
            ..File::default()
        };
        let now = Instant::now();
        let migrating = [("a".to_owned(), now + Duration::from_mins(5))].into();
        let touched = ["a", "b"].map(str::to_owned).into();
        let with =
            Waiting { excused: &[], touched, migrating: &migrating, logs: Path::new("/nowhere") };
        let seen = |status: &str, restarts: u64| {
            let mut a = container("a", status, Some("unhealthy"));
            a["RestartCount"] = restarts.into();
            let b = container("b", "running", Some("unhealthy"));
            Seen { containers: vec![a, b], ..Seen::default() }
        };
        let running = seen("running", 0);
        let both = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(judge(&file, &running, &with), Verdict::Wait(both.clone()));
        // It ends again and again: waiting is of no use.
        assert_eq!(judge(&file, &seen("restarting", LOOP), &with), Verdict::Bad("a".to_owned()));
        let late = |seen: &Seen, minutes: u64, migrated: u64| {
            let clock = Clock { started: now, migrated: now + Duration::from_mins(migrated) };
            let after = now + Duration::from_mins(minutes);
            clock.late(&both, seen, &with, after).map(String::as_str)
        };
        // Its health check is done after four minutes and a moment, its migration after five.
        assert_eq!(late(&running, 4, 4), None);
        assert_eq!(late(&running, 6, 6), Some("a"));
        // Nothing starts it any more.
        assert_eq!(late(&seen("exited", 0), 4, 4), None);
        assert_eq!(late(&seen("exited", 0), 5, 5), Some("a"));
    }

    #[test]
    fn a_long_log_is_kept_from_its_end() {
        let log = [vec![b'a'; LOG], b"the end".to_vec()].concat();
        assert!(last(&log).ends_with(b"the end") && last(&log).len() == LOG);
        assert_eq!(last(b"short"), b"short");
    }

    #[test]
    fn docker_waits_by_its_defaults_where_nothing_is_said() {
        assert_eq!(verdict(&container("a", "running", Some("healthy"))).as_secs(), 240);
        assert_eq!(verdict(&container("a", "running", None)).as_secs(), 0);
    }

    #[test]
    fn nobody_is_waited_for_longer_than_an_hour() {
        for (field, value) in [
            ("StartPeriod", 8760 * 3600 * 1_000_000_000),
            ("Interval", u64::MAX),
            ("Retries", u64::from(u32::MAX)),
            ("Retries", u64::MAX),
        ] {
            let mut slow = container("a", "running", Some("starting"));
            slow["Config"]["Healthcheck"][field] = value.into();
            let seen = Seen { containers: vec![slow], ..Seen::default() };
            assert_eq!(patience(&seen, "a"), LONGEST + SLACK, "{field}: {value}");
        }
    }
}
