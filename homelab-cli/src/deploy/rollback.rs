//! Rollback to a release that was healthy once. It stops where the data does not fit, unless a person has said
//! what to do.

use std::path::Path;

use homelab_core::release::Id;
use homelab_core::release::plan::Plan;
use homelab_core::report::receipt::{Deed, Outcome, Receipt};
use indexmap::IndexMap;

use super::back::{self, Cause};
use super::between::{self, Between, Data};
use super::dump::Database;
use super::journal::{Exchanged, Journal};
use super::lock::Lock;
use super::place::HousePlace;
use super::release::{self, Manifest};
use super::run::{Request, Run};
use super::wanted::Wanted;
use super::{forward, prune, receipt, recover, switch};
use crate::docker::seen::Seen;
use crate::error::Error;
use crate::ui::Ui;

/// Rolls back to the release `to`, or to the one before the current one.
pub(crate) fn rollback(
    ui: &mut Ui,
    place: &HousePlace,
    to: Option<&Id>,
    data: Data,
    request: &Request,
) -> Result<Receipt, Error> {
    let _lock = Lock::take(place, "a rollback", &request.actor)?;
    recover::before_another(ui, place)?;
    let current = place.current()?.ok_or(Error::NothingDeployed)?;
    let to = target(place, to, &current)?;
    let mut run = Run::new(ui, place, request, Deed::Rollback, (Some(&current), &to));
    run.phase("planning");
    let wanted = Wanted::load(place, &to, Some(&current))?;
    // Its own deploy may have been judged by fewer rules, and with other values.
    if let Some(because) = forward::forbidden(&run, &wanted) {
        return run.refuse(because);
    }
    wanted.stage(place)?;
    let (seen, plan) = run.plan(&wanted)?;
    let stop = "stop it halfway with `--interrupt-migration`";
    if !data.interrupt
        && let Some(because) = forward::cuts_off(&run, &wanted, &seen, &plan, stop)?
    {
        return run.refuse(because);
    }
    let between = between::find_between(place, &current, &wanted, None)?;
    between::refuse_unless_decided(&between, data, &to)?;
    if let Some(because) = forward::unready(&mut run, &wanted, &seen, &plan)? {
        return run.refuse(because);
    }
    let journal = run.journal(&seen);
    if data.restore && between.databases.iter().any(|it| it.1.is_some()) {
        return restore(run, &wanted, journal, &between, &seen, &plan);
    }
    forward::go_forward(&mut run, &wanted, journal, &seen, &plan)
}

/// The release to go back to. A person may also name one that was refused and is still on this host.
fn target(place: &HousePlace, to: Option<&Id>, current: &Id) -> Result<Id, Error> {
    let kept: Vec<_> =
        prune::kept_releases(place, usize::MAX)?.into_iter().filter(|it| it != current).collect();
    let names = || kept.iter().map(ToString::to_string).collect::<Vec<_>>();
    match to {
        None => before(place, current)?.filter(|it| kept.contains(it)).ok_or(Error::NoOlder),
        Some(asked) if asked == current => {
            Err(Error::AlreadyRuns { release: asked.to_string(), kept: names() })
        }
        Some(asked) => {
            // The first digits of its name or of its commit are enough.
            let commit = |kept: &Id| Manifest::load(place, kept).map(|it| it.commit);
            let mut found = kept.iter().filter(|kept| {
                kept.as_str().starts_with(asked.as_str())
                    || commit(kept).is_ok_and(|commit| commit.starts_with(asked.as_str()))
            });
            match (found.next(), found.next()) {
                (Some(one), None) => Ok(one.clone()),
                (None, _) if prune::all_releases(place)?.contains(asked) => Ok(asked.clone()),
                _ => Err(Error::NotKept { release: asked.to_string(), kept: names() }),
            }
        }
    }
}

/// The last release before the current one that has other files. Receipts of rollbacks do not count: whoever
/// rolls back twice goes back twice.
fn before(place: &HousePlace, current: &Id) -> Result<Option<Id>, Error> {
    let files = |id: &Id| Manifest::load(place, id).map(|it| it.files).ok();
    let own = files(current);
    let receipts = receipt::load_all(place)?;
    let mut deploys = receipts.into_iter().rev().filter(|receipt| {
        let came = matches!(receipt.outcome, Outcome::Deployed | Outcome::Broken);
        let runs = came && receipt.runs.as_ref() == Some(&receipt.to);
        receipt.what != Deed::Rollback && runs && files(&receipt.to) == own
    });
    let is_other = |id: &Id| files(id).is_some_and(|it| Some(it) != own);
    Ok(deploys.find_map(|it| it.from.filter(is_other)))
}

/// Restores databases while no service uses them, then goes on like a deploy.
fn restore(
    mut run: Run<'_>,
    wanted: &Wanted,
    mut journal: Journal,
    between: &Between,
    seen: &Seen,
    before: &Plan,
) -> Result<Receipt, Error> {
    journal.save(run.place)?;
    if let Err(error) = put_back(&mut run, wanted, &mut journal, between, seen) {
        let receipt = back::go_back(&mut run, &journal, &Cause::Failed(error))?;
        run.end(&receipt)?;
        return Ok(receipt);
    }
    let (seen, mut plan) = wanted.plan(journal.from.as_ref())?;
    // The dumps were taken before the restore.
    plan.dumps.clear();
    // The server has its older image already; the receipt names the image from before that.
    for step in &mut plan.services {
        if let Some(old) = before.step(&step.service).filter(|it| it.image_to == step.image_to) {
            step.image_from.clone_from(&old.image_from);
        }
    }
    let receipt = forward::go_forward(&mut run, wanted, journal, &seen, &plan)?;
    if receipt.outcome == Outcome::Deployed {
        run.ui.note(
            "the data of before is kept: by a server in a database named `…_before_…`, which you may drop when nobody \
             misses anything, and of SQLite in the dump that was just taken",
        );
    }
    Ok(receipt)
}

fn put_back(
    run: &mut Run<'_>,
    wanted: &Wanted,
    journal: &mut Journal,
    between: &Between,
    seen: &Seen,
) -> Result<(), Error> {
    let (place, file) = (run.place, &wanted.after.file);
    let restored = || between.databases.iter().filter_map(|it| Some((&it.0, it.1.as_ref()?)));
    let newer = journal.from.as_ref().and_then(|it| release::compose_of(place, it).ok());
    let users = || std::iter::once(file).chain(&newer);
    for (database, _) in restored() {
        let found = Database::of(seen, file, database)?;
        found.must_be_of(file)?;
        // What it writes after the dump would be in no copy.
        if !found.has_server() {
            switch::stop_users(seen, users(), &found)?;
        }
    }
    forward::dump_databases(run, journal, seen, file, restored().map(|it| (it.0, true)))?;
    run.phase("restoring");
    for (database, dump) in restored() {
        let mut found = Database::of(seen, file, database)?;
        switch::stop_users(seen, users(), &found)?;
        if found.has_server() {
            let server = bring_up_alone(run, wanted, database)?;
            found = Database::of(&server, file, database)?;
        }
        put_one_back(&found, dump, journal, place)?;
    }
    Ok(())
}

fn put_one_back(
    database: &Database,
    dump: &Path,
    journal: &mut Journal,
    place: &HousePlace,
) -> Result<(), Error> {
    // Written before it is done: to undo a restore that never came is harmless.
    let kept = database.kept_name(&journal.id, &journal.dumps);
    let exchanged = Exchanged { service: database.service.clone(), kept: kept.clone() };
    journal.restored.push(exchanged);
    journal.save(place)?;
    database.restore(dump, &kept)
}

/// Brings a server up alone, as the older release has it; returns what Docker shows when it is healthy.
fn bring_up_alone(run: &mut Run<'_>, wanted: &Wanted, database: &str) -> Result<Seen, Error> {
    let (seen, mut plan) = wanted.plan(run.from.as_ref())?;
    plan.services.retain(|it| it.service == database);
    let mut alone = wanted.after.file.clone();
    alone.services.retain(|name, _| name == database);
    switch::bring_up(run, wanted, &plan, &seen, &alone, &[], &IndexMap::new())
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::bundle::Bundle;
    use super::super::place::tests::host;
    use super::super::receipt::tests::{deployed, id};
    use super::*;

    /// A host with these releases, each with its own image; equal texts are equal files.
    pub(in crate::deploy) fn host_with(
        releases: &[(&str, &str)],
    ) -> (tempfile::TempDir, HousePlace) {
        let (folder, place) = host();
        for (name, image) in releases {
            let text = format!("name: house\nservices:\n  a:\n    image: \"a:{image}\"\n");
            let contents = [("compose.yaml".to_owned(), text.into_bytes())].into();
            let bundle = Bundle::of_contents(id(name), name, contents).expect("a valid file");
            bundle.stage(&place).expect("there is room");
        }
        (folder, place)
    }

    #[test]
    fn back_is_what_ran_with_other_files() {
        let (_folder, place) = host_with(&[
            ("release1", "1"),
            ("release2", "2"),
            ("release3", "2"),
            ("release4", "2"),
        ]);
        let write = |it: &Receipt| receipt::append(it, &place).expect("there is room");
        write(&deployed("release1", "release2"));
        // Commits that change no generated file, one of them ended by a recovery.
        write(&Receipt { what: Deed::Recover, ..deployed("release2", "release3") });
        write(&deployed("release3", "release4"));
        let back = before(&place, &id("release4")).expect("readable");
        assert_eq!(back, Some(id("release1")));
        place.flip(&id("release4")).expect("it is ours");
        let kept = prune::kept_releases(&place, 1).expect("readable");
        assert_eq!(kept, ["release4", "release3", "release2", "release1"].map(id));
        assert!(!prune::kept_releases(&place, 0).expect("readable").contains(&id("release1")));
        // Going back is no deploy: from there, back is further back.
        write(&Receipt { what: Deed::Rollback, ..deployed("release4", "release1") });
        assert_eq!(before(&place, &id("release1")).expect("readable"), None);
    }
}
