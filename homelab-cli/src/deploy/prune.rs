//! Removes old logs, releases and images. The last healthy releases stay, so that one can go back.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use homelab_core::compose::interpolate;
use homelab_core::release::Id;
use homelab_core::report::receipt::Outcome;

use super::files;
use super::place::HousePlace;
use super::receipt;
use super::release::Manifest;
use crate::docker;
use crate::error::Error;
use crate::file;
use crate::ui::Ui;

/// Number of logs that are kept of deploys that changed something, and of those that did not: in most houses
/// those of a year.
const LOGS: usize = 50;

/// Removes the oldest logs before another one is written. This works on a full disk; what cannot be removed
/// stays.
///
/// Refused deploys are counted apart, so that their logs never displace those of others.
pub(super) fn prune_logs(place: &HousePlace) {
    let log = place.log("");
    let Some(Ok(entries)) = log.parent().map(fs::read_dir) else { return };
    let is_log = |path: &PathBuf| path.extension() == Some("log".as_ref());
    let paths = entries.flatten().map(|it| it.path());
    let logs = paths.filter(|it| is_log(it) && *it != place.unwell());
    let when = |path: &PathBuf| fs::symlink_metadata(path).and_then(|it| it.modified()).ok();
    let receipts = receipt::load_all(place).unwrap_or_default();
    let real = receipts.iter().filter(|it| it.outcome != Outcome::Refused);
    let real: BTreeSet<_> = real.map(|it| place.log(&it.id)).collect();
    let mut logs: Vec<_> = logs.map(|it| (when(&it), it)).collect();
    logs.sort();
    let (real, others): (Vec<_>, Vec<_>) = logs.into_iter().partition(|it| real.contains(&it.1));
    for logs in [real, others] {
        let surplus = logs.len().saturating_sub(LOGS);
        for (_, path) in &logs[..surplus] {
            let _ = fs::remove_file(path);
        }
    }
}

/// Removes releases that are neither current nor among the last `keep` healthy ones, and the images that only
/// they used. What cannot be removed stays: it is in nobody's way.
pub(super) fn prune(ui: &mut Ui, place: &HousePlace, keep: usize) -> Result<(), Error> {
    let kept = kept_releases(place, keep)?;
    let mut surplus = all_releases(place)?;
    surplus.retain(|it| !kept.contains(it));
    let images = |ids: &[Id]| -> BTreeSet<_> {
        let manifests = ids.iter().filter_map(|it| Manifest::load(place, it).ok());
        manifests.flat_map(|it| both(&it).collect::<Vec<_>>()).collect()
    };
    // Images go before the releases that name them: after a kill in between, the next run still finds them.
    for image in images(&surplus).difference(&images(&kept)) {
        if docker::attempt(&["image", "rm", image]).is_ok_and(|it| it.status.success()) {
            ui.note(format_args!("removed the image {image}"));
        }
    }
    for id in surplus {
        if files::remove_folder(&place.release(&id)).is_ok() {
            ui.note(format_args!("removed the release {id}"));
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
pub(crate) fn all_releases(place: &HousePlace) -> Result<Vec<Id>, Error> {
    let path = place.releases();
    let entries = file::if_there(&path, fs::read_dir(&path))?.into_iter().flatten();
    let names = entries.flatten().map(|it| it.file_name().to_string_lossy().into_owned());
    let mut ids: Vec<_> = names.filter_map(|it| Id::parse(&it).ok()).collect();
    ids.sort();
    Ok(ids)
}

/// The current release and the last `keep` healthy ones besides it, the newest first. Releases with the same
/// files count as one.
pub(crate) fn kept_releases(place: &HousePlace, keep: usize) -> Result<Vec<Id>, Error> {
    let mut kept: Vec<Id> = place.current()?.into_iter().collect();
    let files = |id: &Id| Manifest::load(place, id).map(|it| it.files).ok();
    let mut different: Vec<_> = kept.iter().filter_map(files).collect();
    let limit = keep.saturating_add(different.len());
    for receipt in receipt::load_all(place)?.into_iter().rev() {
        let healthy = matches!(receipt.outcome, Outcome::Deployed | Outcome::NothingToDo);
        // The release that ran before a deploy was healthy, too.
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use homelab_core::report::receipt::Receipt;

    use super::super::place::tests::host;
    use super::super::receipt::tests::deployed;
    use super::*;

    #[test]
    fn the_newest_logs_are_kept() {
        let (_folder, place) = host();
        let made = |path: PathBuf, age: u64| {
            let file = fs::File::create(&path).expect("it is ours");
            let when = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 - age);
            file.set_modified(when).expect("it is ours");
            path
        };
        let others = [place.unwell(), place.lock()].map(|it| made(it, 9_000));
        // The oldest of all, and older than many that were refused.
        let deployed = Receipt { id: "deploy".to_owned(), ..deployed("release0", "release1") };
        receipt::append(&deployed, &place).expect("there is room");
        let deploy = made(place.log("deploy"), 8_000);
        let logs: Vec<_> = (0..LOGS as u64 + 3)
            .map(|it| made(place.log(&format!("{:03}", 500 - it)), it))
            .collect();
        prune_logs(&place);
        prune_logs(&place);
        assert!(others.iter().all(|it| it.exists()) && place.receipts().exists());
        assert!(deploy.exists(), "what touched nothing took the log of a deploy with it");
        let is_kept: Vec<_> = logs.iter().map(|it| it.exists()).collect();
        assert_eq!(is_kept, [[true; LOGS].as_slice(), &[false; 3]].concat());
    }
}
