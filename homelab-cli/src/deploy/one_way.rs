//! One-way services: an older release cannot work on what a newer one has made of their data.
//!
//! What is about to be started is noted before it is (`Journal::newer`); whether it was, the engine
//! knows. A service that was never started on its newer image goes back as any other.

use std::fmt::Write as _;

use homelab_core::compose::File;
use homelab_core::lower::ONE_WAY_LABEL;
use homelab_core::plan::{Plan, Step};
use homelab_core::report::receipt::{Outcome, Receipt};
use indexmap::IndexMap;
use serde_json::Value;

use super::between;
use super::engine;
use super::journal::Journal;
use super::place::Place;
use super::prune;
use super::release::{self, Manifest};
use super::survey::Wanted;
use crate::error::Error;
use crate::words;

/// What leads out of a house whose release is not well.
pub(super) const MEND: &str = "`homelab status` says what is unwell; deploy a release that mends it, or choose an older one with \
     `homelab rollback RELEASE`";

/// One-way services that a plan takes to a newer image, with that image.
pub(super) fn newer(
    place: &Place,
    receipts: &[Receipt],
    wanted: &Wanted,
    plan: &Plan,
) -> IndexMap<String, String> {
    let steps = changed(receipts, wanted, plan);
    let newer =
        steps.filter(|(step, from, to)| !is_older(place, receipts, &step.service, to, from));
    newer.map(|(step, _, to)| (step.service.clone(), to.clone())).collect()
}

/// Services that a deploy would take back to an older image: a reverted commit is no rollback.
pub(super) fn downgrades(
    place: &Place,
    receipts: &[Receipt],
    wanted: &Wanted,
    plan: &Plan,
) -> Vec<String> {
    let steps = changed(receipts, wanted, plan);
    let older = steps.filter(|(step, from, to)| is_older(place, receipts, &step.service, to, from));
    let line = |(step, from, _): (&Step, &String, &String)| {
        format!(
            "`{}`: {}, and `{from}` ran; deploy a release that has at least that image, or go back with \
             `homelab rollback`, which says what stands between",
            step.service,
            reason(&wanted.after.file, &step.service)
        )
    };
    older.map(line).collect()
}

/// One-way services that get another image, with the one that they had last and the one that they get.
fn changed<'a>(
    receipts: &'a [Receipt],
    wanted: &'a Wanted,
    plan: &'a Plan,
) -> impl Iterator<Item = (&'a Step, &'a String, &'a String)> {
    plan.services.iter().filter_map(|step| {
        let to = step.image_to.as_ref()?;
        wanted.after.file.services.get(&step.service)?.labels.get(ONE_WAY_LABEL)?;
        // One whose profile was off has no container, and data all the same.
        let from = step.image_from.as_ref().or_else(|| ran(receipts, &step.service).last())?;
        (from != to).then_some((step, from, to))
    })
}

/// Images of a service in the order in which they ran.
pub(super) fn ran<'a>(
    receipts: &'a [Receipt],
    service: &'a str,
) -> impl Iterator<Item = &'a String> {
    let ran = receipts.iter().filter(|it| it.outcome != Outcome::Refused);
    ran.filter_map(|it| it.images.get(service)).flat_map(|(from, to)| from.iter().chain(to))
}

/// Whether an image ran before another one ever did.
fn is_older(
    place: &Place,
    receipts: &[Receipt],
    service: &str,
    image: &String,
    than: &String,
) -> bool {
    let first = |image: &String| ran(receipts, service).position(|it| it == image);
    match (first(image), first(than)) {
        (Some(image), Some(than)) => image < than,
        // Of a deploy that has left no receipt: its release is here, and came after those that have.
        (Some(_), None) => prune::all(place).unwrap_or_default().iter().any(|it| {
            Manifest::load(place, it).is_ok_and(|it| it.images.get(service) == Some(than))
        }),
        (None, _) => false,
    }
}

/// Services whose newer image was started, or may have been.
pub(super) fn started(place: &Place, journal: &Journal) -> Result<IndexMap<String, String>, Error> {
    let mut started = journal.newer.clone();
    if started.is_empty() {
        return Ok(started);
    }
    let project = release::compose_of(place, &journal.to)?.name;
    let state = engine::state(&project)?;
    let mut failed = None;
    started.retain(|service, image| {
        let (new, old): (Vec<_>, Vec<_>) =
            state.of(service).partition(|it| engine::text(it, "/Config/Image") == Some(image));
        if new.iter().any(|it| has_run(it)) {
            return true;
        }
        // Compose makes the new container, removes the old one, and then starts the new one. A start
        // that is under way holds the container: it cannot be removed then, or has run.
        for id in new.iter().filter_map(|it| engine::text(it, "/Id")) {
            match engine::attempt(&["rm", id]) {
                Ok(removed) if removed.status.success() => {}
                Ok(_) => return true,
                Err(error) => failed = Some(error),
            }
        }
        // Without any container where there was one, nobody knows.
        new.is_empty() && old.is_empty() && journal.before.contains(service)
    });
    failed.map_or(Ok(started), Err)
}

fn has_run(container: &Value) -> bool {
    let since = engine::text(container, "/State/StartedAt");
    since.is_some_and(|it| !it.starts_with("0001-"))
}

fn reason(file: &File, service: &str) -> String {
    let label = file.services.get(service).and_then(|it| it.labels.get(ONE_WAY_LABEL));
    label.cloned().unwrap_or_else(|| "an older release cannot work on its data".to_owned())
}

/// Why the house is broken, in a paragraph.
pub(super) fn told(
    failed: &str,
    journal: &Journal,
    file: &File,
    newer: &IndexMap<String, String>,
) -> String {
    if newer.is_empty() {
        return failed.to_owned();
    }
    let names = words::list(newer.keys().map(String::as_str));
    let reasons: Vec<_> =
        newer.keys().map(|it| format!("  `{it}`: {}", reason(file, it))).collect();
    let older = journal
        .from
        .as_ref()
        .map_or_else(|| "what ran before".to_owned(), |it| format!("the older release {it}"));
    format!(
        "{failed}\nthe house stays on {}: {names} may have changed data for it, and {older} cannot work \
         on that\n{}",
        journal.to,
        reasons.join("\n")
    )
}

/// The words that lead out of it: a release that mends it, or the older one with its data.
pub(super) fn way_out(place: &Place, journal: &Journal) -> Result<String, Error> {
    let older = journal.from.as_ref().filter(|it| **it != journal.to);
    let Some(Ok(wanted)) = older.map(|it| Wanted::as_it_ran(place, it)) else {
        return Ok(MEND.to_owned());
    };
    let between = between::between(place, &journal.to, &wanted, Some(journal))?;
    let dumps: Vec<_> = between.databases.iter().filter_map(|it| it.1.as_ref()).collect();
    let lost = between.databases.iter().filter(|it| it.1.is_none()).map(|it| &it.0);
    let lost: Vec<_> = lost.chain(between.others.iter().map(|it| &it.0)).collect();
    let mut line = "deploy a release that mends it, or go back with `homelab rollback".to_owned();
    if !dumps.is_empty() {
        line.push_str(" --restore");
    }
    if !lost.is_empty() {
        line.push_str(" --keep-data");
    }
    line.push('`');
    for it in dumps {
        let it = it.display();
        let _ = write!(line, "; it puts back {it}, and what was written since is kept beside it");
    }
    if !lost.is_empty() {
        let names = words::list(lost.into_iter().map(String::as_str));
        let _ = write!(
            line,
            "; before that, put back a copy of the volumes of {names} from before, which no dump of this host \
             replaces"
        );
    }
    Ok(line)
}
