//! What is kept of the past: the last healthy releases with their images, so that one can go back.

use std::collections::BTreeSet;
use std::fs;

use homelab_core::interpolate;
use homelab_core::release::Id;
use homelab_core::report::receipt::Outcome;

use super::engine;
use super::files;
use super::place::Place;
use super::receipt;
use super::release::Manifest;
use crate::error::Error;
use crate::ui::Ui;

/// Removes releases that are neither current nor among the last `keep` healthy ones, and the images that only
/// they used. What cannot be removed stays: it is in nobody's way.
pub(super) fn prune(ui: &mut Ui, place: &Place, keep: usize) -> Result<(), Error> {
    let kept = kept(place, keep)?;
    let mut images = BTreeSet::new();
    for id in all(place)? {
        if kept.contains(&id) {
            continue;
        }
        if let Ok(manifest) = Manifest::load(place, &id) {
            images.extend(both(&manifest));
        }
        if files::remove_folder(&place.release(&id)).is_ok() {
            ui.note(format_args!("removed the release {id}"));
        }
    }
    for id in &kept {
        if let Ok(manifest) = Manifest::load(place, id) {
            let kept: Vec<_> = both(&manifest).collect();
            images.retain(|it| !kept.contains(it));
        }
    }
    for image in images {
        if engine::attempt(&["image", "rm", &image]).is_ok_and(|it| it.status.success()) {
            ui.note(format_args!("removed the image {image}"));
        }
    }
    Ok(())
}

/// The images of a release, whether or not `.env` took their digests away.
fn both(manifest: &Manifest) -> impl Iterator<Item = String> {
    let resolved = |value: Option<&str>| {
        let value = value.map(str::to_owned);
        manifest.images.values().flat_map(move |it| interpolate::resolve(it, &|_| value.clone()))
    };
    resolved(None).chain(resolved(Some("")))
}

/// Releases of this host.
pub(crate) fn all(place: &Place) -> Result<Vec<Id>, Error> {
    let path = place.releases();
    let entries = match fs::read_dir(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(|source| Error::Read { path, source })?,
    };
    let names = entries.flatten().map(|it| it.file_name().to_string_lossy().into_owned());
    let mut ids: Vec<_> = names.filter_map(|it| Id::parse(&it).ok()).collect();
    ids.sort();
    Ok(ids)
}

/// The current release, and the last ones that were healthy, the newest first; `keep` of them besides
/// the current one. Releases with the same files count as one.
pub(crate) fn kept(place: &Place, keep: usize) -> Result<Vec<Id>, Error> {
    let mut kept: Vec<Id> = place.current()?.into_iter().collect();
    let files = |id: &Id| Manifest::load(place, id).map(|it| it.files).ok();
    let mut different: Vec<_> = kept.iter().filter_map(files).collect();
    let limit = keep.saturating_add(different.len());
    for receipt in receipt::all(place)?.into_iter().rev() {
        let healthy = matches!(receipt.outcome, Outcome::Deployed | Outcome::NothingToDo);
        // What ran before a deploy was healthy, too: a deploy that failed went back to it.
        let ran = receipt.runs.filter(|_| healthy);
        for id in ran.into_iter().chain(receipt.from) {
            let Some(files) = files(&id).filter(|_| !kept.contains(&id)) else { continue };
            if !different.contains(&files) {
                if different.len() == limit {
                    continue;
                }
                different.push(files);
            }
            kept.push(id);
        }
    }
    Ok(kept)
}
