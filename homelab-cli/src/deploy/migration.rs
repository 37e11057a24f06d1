//! Migrations: a service changes its data on the first start of a newer image, which may take long and must not
//! be cut off.
//!
//! Nobody sees a migration from outside. A service is taken to be migrating while a newer image of it runs that
//! is neither healthy nor ready, within the time that the contract of the image grants.

use std::fmt;
use std::time::{Duration, Instant};

use homelab_core::compose::{File, Service};
use homelab_core::model::project::Project;
use homelab_core::release::plan::{Action, Plan, Step};
use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

use super::place::HousePlace;
use super::wanted::Wanted;
use super::{health, probe, receipt};
use crate::docker::{seen, seen::Seen};
use crate::error::Error;

/// The longest time that is granted, whatever a contract says: the lock is held meanwhile.
const LONGEST: Duration = Duration::from_hours(12);

/// Services that may migrate their data, each with the time until which they may.
pub(super) type Deadlines = IndexMap<String, Instant>;

/// Until when the services of a release may migrate their data: those with a `newer` image and, in a house that
/// was left broken, those that run. A container that runs has had a part of its time.
pub(super) fn deadlines(
    place: &HousePlace,
    wanted: &Wanted,
    seen: &Seen,
    newer: &IndexMap<String, String>,
) -> Result<Deadlines, Error> {
    let project = Project::from_file(wanted.after.file.clone(), &wanted.declared.contracts);
    let is_broken = receipt::broken(&receipt::load_all(place)?).is_some();
    let now = Instant::now();
    let deadline = |(name, service): (&String, &Service)| {
        let contract = project.member(name)?.contract()?;
        let granted = contract.migrates_within.get()?.duration().min(LONGEST);
        let begun =
            seen.of(name).find(|it| is_at_work(it) && image(it) == service.image.as_deref());
        let left = match begun.map(age) {
            Some(age) if is_broken || newer.contains_key(name) => granted.saturating_sub(age),
            None if newer.contains_key(name) => granted,
            _ => return None,
        };
        Some((name.clone(), now + left))
    };
    Ok(wanted.after.file.services.iter().filter_map(deadline).collect())
}

/// A migration under way.
#[derive(Debug)]
pub(super) struct Migration {
    pub(super) service: String,
    age: Duration,
    left: Duration,
    /// What shows that the service is not ready.
    said: String,
}

impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, age, left, said } = self;
        let (age, left) = (receipt::words(*age), receipt::words(*left));
        write!(
            f,
            "`{service}` may be migrating its data: {said}, {age} after its start, and has {left} more"
        )
    }
}

/// The migrations that may be under way in a release that runs.
pub(super) fn under_way(
    place: &HousePlace,
    runs: &Wanted,
    seen: &Seen,
    newer: &IndexMap<String, String>,
) -> Result<Vec<Migration>, Error> {
    let deadlines = deadlines(place, runs, seen, newer)?;
    if deadlines.is_empty() {
        return Ok(Vec::new());
    }
    let not_ready = probe::not_ready(runs);
    let migration = |(service, deadline): (String, Instant)| {
        let left = deadline.saturating_duration_since(Instant::now());
        let container = seen.of(&service).find(|it| is_at_work(it))?;
        let health =
            (!health::is_well(container)).then(|| format!("it is {}", health::of(container)));
        let said = not_ready.get(&service).cloned().or(health)?;
        (!left.is_zero()).then(|| Migration { age: age(container), left, said, service })
    };
    Ok(deadlines.into_iter().filter_map(migration).collect())
}

/// The migrations that a plan would cut off, because it stops their service or one that they use.
pub(super) fn cut_off(
    place: &HousePlace,
    wanted: &Wanted,
    seen: &Seen,
    plan: &Plan,
) -> Result<Vec<Migration>, Error> {
    let is_broken = receipt::broken(&receipt::load_all(place)?).is_some();
    let Some(current) = place.current()?.filter(|_| is_broken) else { return Ok(Vec::new()) };
    // One that does not fit the values of today says less of what runs than the one that is wanted.
    let current = Wanted::load(place, &current, None).ok();
    let runs = current.as_ref().unwrap_or(wanted);
    let stops = |it: &&Step| matches!(it.action, Action::Recreated | Action::Stopped);
    let stopped = plan.services.iter().filter(stops).map(|it| &it.service);
    let stopped = users(&runs.after.file, stopped);
    let mut migrations = under_way(place, runs, seen, &IndexMap::new())?;
    migrations.retain(|it| stopped.contains(it.service.as_str()));
    Ok(migrations)
}

/// All services that use one of these, directly or through others, and these.
pub(super) fn users<'a>(file: &'a File, of: impl Iterator<Item = &'a String>) -> IndexSet<&'a str> {
    let mut found: IndexSet<_> = of.map(String::as_str).collect();
    let mut known = 0;
    while known < found.len() {
        known = found.len();
        let uses =
            |service: &Service| service.depends_on.keys().any(|it| found.contains(it.as_str()));
        let more: Vec<_> = file.services.iter().filter(|it| uses(it.1)).collect();
        found.extend(more.into_iter().map(|it| it.0.as_str()));
    }
    found
}

/// Whether a container runs that was not given up for restarting again and again.
fn is_at_work(container: &Value) -> bool {
    seen::text(container, "/State/Status") == Some("running") && !health::is_looping(container)
}

fn image(container: &Value) -> Option<&str> {
    seen::text(container, "/Config/Image")
}

/// How long a container has run.
fn age(container: &Value) -> Duration {
    seen::text(container, "/State/StartedAt").and_then(receipt::elapsed).unwrap_or_default()
}
