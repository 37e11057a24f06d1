//! The health of services: waits until every one is well, or until one of them cannot become so.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use homelab_core::compose::File;
use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

use super::files;
use crate::docker::{self, seen, seen::Seen};
use crate::error::Error;

/// Pause between two looks.
const INTERVAL: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 500 });

/// Time that Docker may need in addition to the health checks' own.
const SLACK: Duration = Duration::from_millis(if cfg!(test) { 5 } else { 60_000 });

/// The longest wait for one service, whatever its health check says: the lock is held meanwhile.
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
    /// Where the log of an unhealthy service is kept. It may hold secrets and stays on the host.
    pub(super) logs: &'a Path,
}

/// Waits until all services of the file are healthy; returns what Docker shows then.
pub(super) fn wait(file: &File, with: &Waiting<'_>) -> Result<Seen, Error> {
    let started = Instant::now();
    loop {
        let seen = docker::see_project(&file.name)?;
        match judge(file, &seen, with) {
            Verdict::Well => return Ok(seen),
            Verdict::Bad(name) => return Err(unhealthy(&seen, &name, with, "")),
            Verdict::Wait(name) if started.elapsed() > patience(&seen, &name) => {
                let after = format!(", after {} s", patience(&seen, &name).as_secs());
                return Err(unhealthy(&seen, &name, with, &after));
            }
            Verdict::Wait(_) => std::thread::sleep(INTERVAL),
        }
    }
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

/// The state of all services, with the name of the one that decides.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Well,
    Wait(String),
    Bad(String),
}

fn judge(file: &File, seen: &Seen, with: &Waiting<'_>) -> Verdict {
    let mut waiting = None;
    for name in file.services.keys().filter(|it| !with.excused.contains(*it)) {
        let Some(container) = seen.of(name).next() else {
            return Verdict::Bad(name.clone());
        };
        match of(container) {
            "unhealthy" if with.touched.contains(name) => return Verdict::Bad(name.clone()),
            "exited" if with.touched.contains(name) && has_failed(container) => {
                return Verdict::Bad(name.clone());
            }
            "dead" => return Verdict::Bad(name.clone()),
            "restarting" if with.touched.contains(name) && restarts(container) >= LOOP => {
                return Verdict::Bad(name.clone());
            }
            _ if is_well(container) => {}
            _ => waiting = Some(name.clone()),
        }
    }
    waiting.map_or(Verdict::Well, Verdict::Wait)
}

/// A container is well when it is healthy, or running without a health check. A job is well when it has
/// ended with exit code 0; one that still runs has no health check, and whoever uses it waits for its end.
fn is_well(container: &Value) -> bool {
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
fn unhealthy(seen: &Seen, name: &str, with: &Waiting<'_>, after: &str) -> Error {
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
        if files::write(with.logs, last(&log), 0o600).is_ok() {
            let _ = write!(text, "; its log is kept on the host: {}", with.logs.display());
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
fn patience(seen: &Seen, name: &str) -> Duration {
    seen.of(name).map(verdict).max().unwrap_or_default().min(LONGEST) + SLACK
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
    use homelab_core::compose::Service;
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
            let touched = ["b".to_owned()].into();
            judge(
                &file,
                &seen,
                &Waiting { excused: &excused, touched, logs: Path::new("/nowhere") },
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
