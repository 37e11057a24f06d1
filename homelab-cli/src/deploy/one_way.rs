//! One-way services: once a newer release has changed their data, an older one cannot work on it.
//!
//! The journal says which newer images are about to be started (`Journal::newer`), and Docker says which of
//! them were. A service whose newer image never started goes back like any other.

use std::cmp::Ordering;

use homelab_core::compose::label;
use homelab_core::release::Id;
use homelab_core::release::plan::{Plan, Step};
use homelab_core::report::receipt::{Deed, Outcome, Receipt};
use indexmap::IndexMap;
use serde_json::Value;

use super::journal::Journal;
use super::place::HousePlace;
use super::prune;
use super::release::{self, Manifest};
use super::wanted::Wanted;
use crate::docker::{self, seen, seen::Seen};
use crate::error::Error;
use crate::versions;

/// Another image of a one-way service.
#[derive(Debug)]
pub(super) struct ImageChange {
    service: String,
    from: String,
    to: String,
    /// Why older images cannot work on its data.
    because: String,
    /// How the new image compares with the last one; `None` where nobody can tell.
    order: Option<Ordering>,
}

/// The one-way services to which a plan gives another image. A service is one-way by the new file, by that of
/// the release that runs, or by its container.
pub(super) fn image_changes(
    place: &HousePlace,
    receipts: &[Receipt],
    current: Option<&Id>,
    wanted: &Wanted,
    seen: &Seen,
    plan: &Plan,
) -> Vec<ImageChange> {
    let old = current.and_then(|it| release::compose_of(place, it).ok());
    let because = |service: &str| {
        let files = [Some(&wanted.after.file), old.as_ref()];
        let mut says = files.into_iter().flatten().filter_map(|it| it.services.get(service));
        let said = says.find_map(|it| it.labels.get(label::ONE_WAY).cloned());
        let mut containers = seen.of(service);
        said.or_else(|| {
            containers.find_map(|it| seen::label(it, label::ONE_WAY)).map(str::to_owned)
        })
    };
    let change = |step: &Step| {
        let to = step.image_to.as_ref()?;
        // A service whose profile was off has no container, but it has data.
        let from = step.image_from.as_ref().or_else(|| ran(receipts, &step.service).last())?;
        let because = because(&step.service).filter(|_| from != to)?;
        let order = order(place, receipts, &step.service, to, from);
        let service = step.service.clone();
        Some(ImageChange { service, from: from.clone(), to: to.clone(), because, order })
    };
    plan.services.iter().filter_map(change).collect()
}

/// Those that do not get an older image, each with its new one.
pub(super) fn newer_images(changes: &[ImageChange]) -> IndexMap<String, String> {
    let newer = changes.iter().filter(|it| it.order != Some(Ordering::Less));
    newer.map(|it| (it.service.clone(), it.to.clone())).collect()
}

/// Why a deploy of the release `to` must not make these changes: it would start an older image. Only a rollback
/// may do that.
pub(super) fn refusals(changes: &[ImageChange], to: &Id) -> Vec<String> {
    let refusal = |ImageChange { service, from, to: image, because, order }: &ImageChange| {
        let said = match order {
            Some(Ordering::Less) => {
                format!("`{from}` ran; deploy a release that has at least that image")
            }
            None => format!(
                "nobody can tell whether `{image}` is newer than `{from}`, which ran; deploy a release whose \
                 image has a tag that says it"
            ),
            Some(Ordering::Equal | Ordering::Greater) => return None,
        };
        Some(format!(
            "`{service}`: {because}, and {said}, or take this one with `homelab rollback {to}`, which says what \
             stands between"
        ))
    };
    changes.iter().filter_map(refusal).collect()
}

/// Images of a service in the order in which they ran.
pub(super) fn ran<'a>(
    receipts: &'a [Receipt],
    service: &'a str,
) -> impl Iterator<Item = &'a String> {
    let ran = receipts.iter().filter(|it| it.outcome != Outcome::Refused);
    ran.filter_map(|it| it.images.get(service)).flat_map(|(from, to)| from.iter().chain(to))
}

/// Compares two images of a service: by which of them ran first, else by their tags.
///
/// Two images with one tag count as equal.
fn order(
    place: &HousePlace,
    receipts: &[Receipt],
    service: &str,
    image: &String,
    than: &String,
) -> Option<Ordering> {
    let is_here = |image| {
        prune::all_releases(place).unwrap_or_default().iter().any(|release| {
            Manifest::load(place, release).is_ok_and(|it| it.images.get(service) == Some(image))
        })
    };
    match (came(receipts, service, image), came(receipts, service, than)) {
        (Some(image), Some(than)) => Some(image.cmp(&than)),
        // The other image came with a deploy that left no receipt: it is the newer one.
        (Some(_), None) if !ran(receipts, service).any(|it| it == than) && is_here(than) => {
            Some(Ordering::Less)
        }
        _ => versions::order(image, than),
    }
}

/// When a deploy brought an image for the first time; `None` where a rollback did.
fn came(receipts: &[Receipt], service: &str, image: &String) -> Option<(usize, bool)> {
    let is_from = |it: &(Option<String>, _)| it.0.as_ref() == Some(image);
    let named = |receipt: &Receipt| {
        let is_refused = receipt.outcome == Outcome::Refused;
        let images = receipt.images.get(service).filter(|_| !is_refused)?;
        (is_from(images) || images.1.as_ref() == Some(image)).then(|| !is_from(images))
    };
    let mut all = receipts.iter().enumerate();
    let (at, receipt, is_new) = all.find_map(|(at, it)| Some((at, it, named(it)?)))?;
    (!is_new || receipt.what != Deed::Rollback).then_some((at, is_new))
}

/// Services whose newer image was started, or may have been started.
pub(super) fn started(
    place: &HousePlace,
    journal: &Journal,
) -> Result<IndexMap<String, String>, Error> {
    let mut started = journal.newer.clone();
    if started.is_empty() {
        return Ok(started);
    }
    let project = release::compose_of(place, &journal.to)?.name;
    let seen = docker::see_project(&project)?;
    let mut failed = None;
    started.retain(|service, image| {
        let (new, old): (Vec<_>, Vec<_>) =
            seen.of(service).partition(|it| seen::text(it, "/Config/Image") == Some(image));
        if new.iter().any(|it| has_run(it)) {
            return true;
        }
        // Compose makes the new container, removes the old one, and then starts the new one. If the new one can
        // be removed here, it was never started.
        for id in new.iter().filter_map(|it| seen::text(it, "/Id")) {
            match docker::attempt(&["rm", id]) {
                Ok(removed) if removed.status.success() => {}
                Ok(_) => return true,
                Err(error) => failed = Some(error),
            }
        }
        // If there is no container any more, it may have been started.
        new.is_empty() && old.is_empty() && journal.before.contains(service)
    });
    failed.map_or(Ok(started), Err)
}

fn has_run(container: &Value) -> bool {
    let since = seen::text(container, "/State/StartedAt");
    since.is_some_and(|it| !it.starts_with("0001-"))
}
