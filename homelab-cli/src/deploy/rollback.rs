//! Back to a release that was healthy once; stops where data stands between.

use std::path::{Path, PathBuf};

use homelab_core::lower::{DATABASE_LABEL, ONE_WAY_LABEL};
use homelab_core::plan::Plan;
use homelab_core::release::Id;
use homelab_core::report::receipt::{Outcome, Receipt};

use super::dump::Database;
use super::engine::{self, State};
use super::journal::Journal;
use super::lock::Lock;
use super::place::Place;
use super::receipt;
use super::release::{self, Manifest};
use super::survey::Wanted;
use super::worker::{self, Request, Run};
use super::{prune, recover, switch};
use crate::error::Error;
use crate::ui::Ui;

/// What to do about data that a newer release has written; neither: stop, and say what stands between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Data {
    /// Put back the dumps that were taken when the release was left.
    pub(crate) restore: bool,
    /// Start the older release on what cannot be put back, or shall not be.
    pub(crate) keep: bool,
}

/// What stands between two releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Between {
    /// Database and the dump of before, where there is one.
    databases: Vec<(String, Option<PathBuf>)>,
    /// Services whose volumes only a copy of before brings back, with the reason.
    others: Vec<(String, String)>,
}

/// Rolls back; `to` is the release before the current one unless it is named.
pub(crate) fn rollback(
    ui: &mut Ui,
    place: &Place,
    to: Option<&Id>,
    data: Data,
    request: &Request,
) -> Result<Receipt, Error> {
    let _lock = Lock::take(place, "a rollback", &request.actor)?;
    recover::first(ui, place)?;
    let current = place.current()?.ok_or(Error::NothingDeployed)?;
    let to = target(place, to, &current)?;
    let mut run = Run::new(place, request, "rollback");
    run.phase(ui, "planning");
    let wanted = Wanted::load(place, &to, Some(&current))?;
    switch::stamp(place, &wanted)?;
    let (state, plan) = wanted.plan(Some(&current))?;
    ui.note(homelab_core::report::plan::text(&plan).trim_end());
    let between = between(place, &current, &wanted)?;
    refuse(&between, data, &to)?;
    if let Some(refused) = worker::prepare(ui, &mut run, &wanted, Some(&current), &plan)? {
        receipt::append(&refused, place)?;
        return Ok(refused);
    }
    let journal = run.journal(Some(&current), &to, &state);
    if data.restore && between.databases.iter().any(|it| it.1.is_some()) {
        return restore(ui, run, &wanted, journal, &between);
    }
    worker::forward(ui, run, &wanted, journal, &state, &plan)
}

/// A release that is kept, and is not the current one.
fn target(place: &Place, to: Option<&Id>, current: &Id) -> Result<Id, Error> {
    let kept: Vec<_> =
        prune::kept(place, usize::MAX)?.into_iter().filter(|it| it != current).collect();
    let names = || kept.iter().map(ToString::to_string).collect::<Vec<_>>();
    match to {
        None => before(place, current)?.filter(|it| kept.contains(it)).ok_or(Error::NoOlder),
        Some(it) if it == current => {
            Err(Error::AlreadyRuns { release: it.to_string(), kept: names() })
        }
        Some(it) => {
            // The first digits of its name or of its commit will do.
            let commit = |kept: &Id| Manifest::load(place, kept).map(|it| it.commit);
            let mut found = kept.iter().filter(|kept| {
                kept.as_str().starts_with(it.as_str())
                    || commit(kept).is_ok_and(|commit| commit.starts_with(it.as_str()))
            });
            match (found.next(), found.next()) {
                (Some(one), None) => Ok(one.clone()),
                _ => Err(Error::NotKept { release: it.to_string(), kept: names() }),
            }
        }
    }
}

/// The last release with other files that ran before the current one: by what has deployed it, not by
/// what went back to it. A commit that changes no generated file is no other release to go back to.
fn before(place: &Place, current: &Id) -> Result<Option<Id>, Error> {
    let files = |id: &Id| Manifest::load(place, id).map(|it| it.files).ok();
    let own = files(current);
    let receipts = receipt::all(place)?;
    let mut deploys = receipts.into_iter().rev().filter(|it| {
        it.what != "rollback" && it.outcome == Outcome::Deployed && files(&it.to) == own
    });
    Ok(deploys.find_map(|it| it.from.filter(|it| files(it).is_some_and(|it| Some(it) != own))))
}

/// What stands between the release that runs and an older one: by their files, since a container may
/// be missing.
fn between(place: &Place, current: &Id, wanted: &Wanted) -> Result<Between, Error> {
    let to = &wanted.manifest.release;
    let (newer, old) = (Manifest::load(place, current)?, &wanted.after.file);
    let newer_file = release::compose_of(place, current)?;
    let label = |name: &str, label: &str| {
        let services = [old.services.get(name), newer_file.services.get(name)];
        services.into_iter().flatten().find_map(|it| it.labels.get(label)).cloned()
    };
    let mut between = Between::default();
    let changed = wanted.manifest.images.iter().filter(|(name, image)| {
        old.services.contains_key(*name) && newer.images.get(*name).is_some_and(|it| it != *image)
    });
    for (name, _) in changed {
        let Some(because) = label(name, ONE_WAY_LABEL) else { continue };
        let used = old.services[name].depends_on.keys();
        let databases: Vec<_> = std::iter::once(name)
            .chain(used)
            .filter(|it| label(it, DATABASE_LABEL).is_some())
            .collect();
        for database in &databases {
            if !between.databases.iter().any(|it| &it.0 == *database) {
                between.databases.push(((*database).clone(), dump_of(place, to, database)?));
            }
        }
        if databases.is_empty() {
            between.others.push((name.clone(), because));
        }
    }
    Ok(between)
}

/// The first dump that was taken after a release had run for the last time.
fn dump_of(place: &Place, release: &Id, database: &str) -> Result<Option<PathBuf>, Error> {
    let receipts = receipt::all(place)?;
    let last = receipts.iter().rposition(|it| it.runs.as_ref() == Some(release));
    let since = receipts.iter().skip(last.map_or(receipts.len(), |it| it + 1));
    let dumps = since.flat_map(|receipt| {
        // `<deploy>-<service>-<database>.sql.gz`
        let beginning = format!("{}-{database}-", receipt.id);
        let dumps = receipt.dumps.iter().map(PathBuf::from);
        dumps.filter(move |it| {
            it.file_name().is_some_and(|it| it.to_string_lossy().starts_with(&beginning))
        })
    });
    Ok({ dumps }.find(|it| it.exists()))
}

/// Services that a deploy would take back to an image that ran before the one that runs now, although an
/// older release cannot work on the data: a reverted commit is no rollback.
pub(super) fn downgrades(
    place: &Place,
    wanted: &Wanted,
    plan: &Plan,
) -> Result<Vec<String>, Error> {
    let receipts = receipt::all(place)?;
    let mut lines = Vec::new();
    for step in &plan.services {
        let (Some(from), Some(to)) = (&step.image_from, &step.image_to) else { continue };
        let labels = &wanted.after.file.services[&step.service].labels;
        let Some(because) = labels.get(ONE_WAY_LABEL).filter(|_| from != to) else { continue };
        // In the order in which they first ran.
        let ran = receipts.iter().filter(|it| it.outcome == Outcome::Deployed);
        let ran: Vec<_> = ran
            .filter_map(|it| it.images.get(&step.service))
            .flat_map(|(from, to)| from.iter().chain(to))
            .collect();
        let first = |image: &String| ran.iter().position(|it| *it == image);
        if let (Some(to), Some(from)) = (first(to), first(from))
            && to < from
        {
            lines.push(format!(
                "`{}`: {because}; go back with `homelab rollback`, which says what stands between, \
                 then deploy this",
                step.service
            ));
        }
    }
    Ok(lines)
}

/// Stops unless somebody has said what shall become of the data.
fn refuse(between: &Between, data: Data, to: &Id) -> Result<(), Error> {
    let mut lines = Vec::new();
    for (database, dump) in &between.databases {
        let settled = data.keep || data.restore && dump.is_some();
        let said = dump.as_ref().map_or_else(
            || "no dump of that time is known".to_owned(),
            |it| format!("`--restore` would put back {}", it.display()),
        );
        if !settled {
            lines.push(format!("the database `{database}`: {said}"));
        }
    }
    if !data.keep {
        for (service, because) in &between.others {
            lines.push(format!(
                "`{service}`: {because}; only a copy of its volumes of before brings it back"
            ));
        }
    }
    if lines.is_empty() { Ok(()) } else { Err(Error::DataBetween { to: to.to_string(), lines }) }
}

/// Puts the databases back while nobody uses them, then goes on like any deploy.
fn restore(
    ui: &mut Ui,
    mut run: Run<'_>,
    wanted: &Wanted,
    mut journal: Journal,
    between: &Between,
) -> Result<Receipt, Error> {
    let place = run.place;
    journal.save(place)?;
    let ended = put_back(ui, &mut run, wanted, &mut journal, between);
    if let Err(error) = ended {
        let receipt = recover::back(ui, &mut run, &journal, &error.to_string())?;
        receipt::append(&receipt, place)?;
        Journal::remove(place)?;
        return Ok(receipt);
    }
    let (state, mut plan) = wanted.plan(journal.from.as_ref())?;
    // It was taken before; what is there now is what shall be there.
    plan.dumps.clear();
    let receipt = worker::forward(ui, run, wanted, journal, &state, &plan)?;
    if receipt.outcome == Outcome::Deployed {
        ui.note("the data of before is kept in the databases named `…_before_…`; drop them when nobody misses anything");
    }
    Ok(receipt)
}

fn put_back(
    ui: &mut Ui,
    run: &mut Run<'_>,
    wanted: &Wanted,
    journal: &mut Journal,
    between: &Between,
) -> Result<(), Error> {
    let place = run.place;
    let project = &wanted.after.file.name;
    run.phase(ui, "dumping");
    let state = engine::state(project, [])?;
    for (database, _) in between.databases.iter().filter(|it| it.1.is_some()) {
        let dump = Database::of(&state, &wanted.after.file, database)?.dump(place, &journal.id)?;
        ui.note(format_args!("  {}", dump.display()));
        journal.dumps.push(dump.display().to_string());
    }
    journal.save(place)?;
    run.phase(ui, "restoring");
    for (database, dump) in &between.databases {
        let Some(dump) = dump else { continue };
        let newer = journal.from.as_ref().and_then(|it| release::compose_of(place, it).ok());
        let files = std::iter::once(&wanted.after.file).chain(&newer);
        switch::stop_users(&state, files, database)?;
        let server = own_image(place, wanted, journal.from.as_ref(), database, |it| ui.note(it))?;
        let server = Database::of(&server, &wanted.after.file, database)?;
        put_one_back(&server, dump, journal, place)?;
    }
    Ok(())
}

fn put_one_back(
    database: &Database,
    dump: &Path,
    journal: &mut Journal,
    place: &Place,
) -> Result<(), Error> {
    let name: String = journal.id.chars().filter(char::is_ascii_alphanumeric).collect();
    // Noted before it is done: going back twice is harmless, not at all is not.
    let kept = database.kept_name(&name);
    journal.restored.push((database.service.clone(), kept.clone()));
    journal.save(place)?;
    database.restore(dump, &kept)
}

/// The server alone as the older release has it, healthy.
fn own_image(
    place: &Place,
    wanted: &Wanted,
    current: Option<&Id>,
    database: &str,
    tell: impl FnMut(&str),
) -> Result<State, Error> {
    let (state, mut plan) = wanted.plan(current)?;
    plan.services.retain(|it| it.service == database);
    let mut alone = wanted.after.file.clone();
    alone.services.retain(|name, _| name == database);
    switch::bring_up(place, wanted, &plan, &state, &alone, tell)?;
    engine::state(&wanted.after.file.name, [])
}

#[cfg(test)]
mod tests {
    use super::super::bundle::Bundle;
    use super::super::receipt::tests::{deployed, id};
    use super::*;

    /// A host with these releases, each with its own image; equal texts are equal files.
    fn host(releases: &[(&str, &str)]) -> (tempfile::TempDir, Place) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let place = Place::open(folder.path()).expect("it exists");
        place.prepare().expect("it is ours");
        for (name, image) in releases {
            let text = format!("name: house\nservices:\n  a:\n    image: \"a:{image}\"\n");
            let contents = [("compose.yaml".to_owned(), text.into_bytes())].into();
            let bundle = Bundle::of_contents(id(name), name, contents).expect("a valid file");
            bundle.stage(&place).expect("there is room");
        }
        (folder, place)
    }

    fn dumped(place: &Place, mut receipt: Receipt) -> Receipt {
        let path = place.dumps().join(format!("{}-db-app.sql.gz", receipt.id));
        std::fs::write(&path, "").expect("it is ours");
        receipt.dumps.push(path.display().to_string());
        receipt
    }

    #[test]
    fn the_dump_is_that_of_the_moment_when_the_release_was_left_for_good() {
        let (_folder, place) = host(&[]);
        let write = |it: &Receipt| receipt::append(it, &place).expect("there is room");
        write(&deployed("release0", "release1"));
        // A deploy that failed long ago, with a dump of then.
        let failed = Receipt {
            outcome: Outcome::RolledBack,
            runs: Some(id("release1")),
            ..dumped(&place, deployed("release1", "failed00"))
        };
        write(&failed);
        write(&deployed("release1", "release2"));
        assert_eq!(dump_of(&place, &id("release1"), "db").expect("readable"), None);
        let left = dumped(&place, deployed("release2", "release3"));
        write(&left);
        write(&dumped(&place, deployed("release3", "release4")));
        let found = dump_of(&place, &id("release1"), "db").expect("readable");
        assert_eq!(found.map(|it| it.display().to_string()).as_ref(), left.dumps.first());
        assert_eq!(dump_of(&place, &id("release1"), "d").expect("readable"), None);
    }

    #[test]
    fn back_is_what_ran_with_other_files() {
        let (_folder, place) =
            host(&[("release1", "1"), ("release2", "2"), ("release3", "2"), ("release4", "2")]);
        let write = |it: &Receipt| receipt::append(it, &place).expect("there is room");
        write(&deployed("release1", "release2"));
        // Commits that change no generated file, one of them ended by a recovery.
        write(&Receipt { what: "recover".to_owned(), ..deployed("release2", "release3") });
        write(&deployed("release3", "release4"));
        let back = before(&place, &id("release4")).expect("readable");
        assert_eq!(back, Some(id("release1")));
        place.flip(&id("release4")).expect("it is ours");
        let kept = prune::kept(&place, 1).expect("readable");
        assert_eq!(kept, ["release4", "release3", "release2", "release1"].map(id));
        assert!(!prune::kept(&place, 0).expect("readable").contains(&id("release1")));
        // Going back is no deploy: from there, back is further back.
        write(&Receipt { what: "rollback".to_owned(), ..deployed("release4", "release1") });
        assert_eq!(before(&place, &id("release1")).expect("readable"), None);
    }
}
