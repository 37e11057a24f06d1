//! Which pins may move, and where to: asks the registries, and decides.

#[cfg(test)]
mod renovate;
pub(crate) mod report;
#[cfg(test)]
mod tests;

use homelab_core::dsl::image::{Image, Lockstep, Range};
use jiff::{SignedDuration, Timestamp};

use self::report::{Newest, PinState, Report, Row};
use crate::pins::{Pin, Pins};
use crate::registry::{Failure, Found, Name, Registry};
use crate::{message, versions};

/// Days that a release waits by default: enough for most bad ones to be pulled back.
pub(crate) const MIN_AGE_DAYS: u32 = 3;

/// What is decided by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    pub(crate) now: Timestamp,
    pub(crate) min_age_days: u32,
    /// Images that may move farther or less far than within their major version.
    pub(crate) ranges: &'static [(Image, Range)],
    /// Images that move together.
    pub(crate) lockstep: &'static [Lockstep],
}

/// Asks about every pin; one that fails stops no other. `progress` hears of each before it is asked.
pub(crate) fn look(
    registry: &mut impl Registry,
    pins: &Pins,
    policy: Policy,
    mut progress: impl FnMut(&Pin),
) -> Report {
    let mut rows: Vec<Row> = Vec::new();
    for pin in &pins.all {
        if rows.iter().any(|it| it.pin == pin.constant) {
            continue;
        }
        // Those of one release move together or not at all.
        let members: Vec<_> = pins.all.iter().filter(|it| policy.together(it, pin)).collect();
        for member in &members {
            progress(member);
        }
        rows.extend(Together { registry, policy, pins: members }.rows());
    }
    let place = |row: &Row| pins.all.iter().position(|it| it.constant == row.pin);
    rows.sort_by_key(place);
    let changes = rows.iter().any(Row::moves);
    Report { min_age_days: policy.min_age_days, changes, updated: false, pins: rows }
}

/// Images that move together: mostly one.
struct Together<'a, R> {
    registry: &'a mut R,
    policy: Policy,
    pins: Vec<&'a Pin>,
}

impl<R: Registry> Together<'_, R> {
    fn rows(mut self) -> Vec<Row> {
        let mut rows: Vec<_> =
            self.pins.iter().map(|it| Row::of(it, self.policy.range(it))).collect();
        let lists = self.tags(&mut rows);
        let Some(lists) = lists else { return rows };
        let newer = self.newer(&lists, &mut rows);
        for tag in newer {
            match self.all_found(&tag, &mut rows) {
                Err(()) => return rows,
                Ok(None) => {}
                Ok(Some(found)) => {
                    for (row, found) in rows.iter_mut().zip(found) {
                        row.state = PinState::Update;
                        row.newest = Some(Newest::new(&tag, found));
                    }
                    return rows;
                }
            }
        }
        for (at, row) in rows.iter_mut().enumerate() {
            self.rebuilt(self.pins[at], row);
        }
        rows
    }

    /// The tags of all members; `None` when one could not tell, which holds the others.
    fn tags(&mut self, rows: &mut [Row]) -> Option<Vec<Vec<String>>> {
        let mut lists = Vec::new();
        for (pin, row) in self.pins.iter().zip(rows.iter_mut()) {
            match self.registry.tags(&pin.repository) {
                Ok(tags) => lists.push(tags),
                Err(failure) => row.fail(&failure),
            }
        }
        hold_others(rows);
        (lists.len() == rows.len()).then_some(lists)
    }

    /// Releases that every member has, latest first; what only some have is waited for.
    fn newer(&self, lists: &[Vec<String>], rows: &mut [Row]) -> Vec<String> {
        let mut later = Vec::new();
        for ((pin, tags), row) in self.pins.iter().zip(lists).zip(rows.iter_mut()) {
            row.beyond = versions::beyond(&pin.tag, tags, row.range).map(str::to_owned);
            later.push(versions::later(&pin.tag, tags, row.range));
        }
        // Of those that some have, the latest is worth a word.
        let mut latest: Vec<_> = later.iter().filter_map(|it| it.first()).collect();
        latest.sort();
        latest.dedup();
        for tag in latest {
            for (pin, _) in self.pins.iter().zip(&later).filter(|(_, it)| !it.contains(tag)) {
                let because = format!("`{}` has no such tag yet", pin.constant);
                wait(rows, tag, &because);
            }
        }
        let (first, others) = later.split_first().expect("there is a member");
        let common = first.iter().filter(|tag| others.iter().all(|it| it.contains(tag)));
        common.map(|it| (*it).to_owned()).collect()
    }

    /// This tag of every member, if all are old enough; what is not is waited for by all.
    fn all_found(&mut self, tag: &str, rows: &mut [Row]) -> Result<Option<Vec<Found>>, ()> {
        let mut all = Vec::new();
        let mut young = None;
        for (at, pin) in self.pins.iter().enumerate() {
            match self.registry.find(&pin.repository, tag) {
                Ok(found) => {
                    young = young.or(self.policy.too_young(&found));
                    all.push(found);
                }
                // Some registries list what was deleted.
                Err(Failure::Absent { .. }) => {
                    let because = format!("`{}` is listed and not there", pin.constant);
                    wait(rows, tag, &because);
                    return Ok(None);
                }
                Err(failure) => rows[at].fail(&failure),
            }
        }
        hold_others(rows);
        if all.len() < rows.len() {
            return Err(());
        }
        if let Some(because) = young {
            wait(rows, tag, &because);
            return Ok(None);
        }
        Ok(Some(all))
    }

    /// Whether the tag means another image than the one that is pinned.
    fn rebuilt(&mut self, pin: &Pin, row: &mut Row) {
        let found = self.registry.digest(&pin.repository, &pin.tag).and_then(|digest| {
            let same = digest == pin.digest;
            // What a header says is enough for "the same", and not for a new pin.
            if same { Ok(None) } else { self.registry.find(&pin.repository, &pin.tag).map(Some) }
        });
        let found = match found {
            Err(failure) => return row.fail(&failure),
            Ok(found) => found.filter(|it| it.digest != pin.digest),
        };
        let Some(found) = found else { return };
        if matches!(row.range, Range::Frozen { .. }) {
            return row.wait(&pin.tag, "the tag was rebuilt");
        }
        if let Some(because) = self.policy.too_young(&found) {
            row.wait(&pin.tag, &format!("the tag was rebuilt, {because}"));
        } else {
            row.state = PinState::Rebuilt;
            row.newest = Some(Newest::new(&pin.tag, found));
        }
    }
}

fn wait(rows: &mut [Row], tag: &str, because: &str) {
    for row in rows {
        row.wait(tag, because);
    }
}

/// Those of one release with one that failed cannot move either.
fn hold_others(rows: &mut [Row]) {
    let failed = rows.iter().find(|it| it.state == PinState::Failed).map(|it| it.pin.clone());
    let Some(failed) = failed else { return };
    for row in rows.iter_mut().filter(|it| it.state != PinState::Failed) {
        row.state = PinState::Waiting;
        row.because = Some(format!("`{failed}`, of the same release, could not be looked up"));
    }
}

impl Policy {
    /// How far this pin may go.
    fn range(&self, pin: &Pin) -> Range {
        let name = Name::parse(&pin.repository);
        let own = self.ranges.iter().find(|it| Name::parse(it.0.repository()) == name);
        own.map_or(Range::Major, |it| it.1)
    }

    /// Whether these are one pin, or two of one release.
    fn together(&self, one: &Pin, other: &Pin) -> bool {
        let has = |release: &Lockstep, pin: &Pin| {
            let name = Name::parse(&pin.repository);
            release.images().iter().any(|it| Name::parse(it.repository()) == name)
        };
        one == other || self.lockstep.iter().any(|it| has(it, one) && has(it, other))
    }

    /// Why this must wait; `None` when it is old enough.
    ///
    /// What says nothing of its age is not taken for old: a release that was pulled back after a
    /// day is what the wait is for, and it would be the first to slip through. A person decides,
    /// with `--min-age 0`. The publisher's clock is believed; a wait protects against bad releases
    /// and stolen accounts that are noticed, not against a publisher who lies.
    fn too_young(&self, found: &Found) -> Option<String> {
        if self.min_age_days == 0 {
            return None;
        }
        let Some(created) = found.created else {
            return Some("it does not say when it was made".to_owned());
        };
        let age = self.now.duration_since(created);
        if age.is_negative() {
            return Some(format!("it says it was made in the future, {created}"));
        }
        let least = SignedDuration::from_hours(i64::from(self.min_age_days) * 24);
        (age < least).then(|| {
            let days = message::count(self.min_age_days as usize, "day");
            format!("made {} h ago, less than {days}", age.as_hours())
        })
    }
}
