//! Back to a release that was healthy once; stops where data stands between.

use std::path::{Path, PathBuf};

use homelab_core::lower::{DATABASE_LABEL, ONE_WAY_LABEL};
use homelab_core::plan::{Action, Plan};
use homelab_core::release::Id;
use homelab_core::report::receipt::{Outcome, Receipt};

use super::dump::Database;
use super::engine::{self, State};
use super::journal::Journal;
use super::lock::Lock;
use super::place::Place;
use super::receipt;
use super::survey::Wanted;
use super::worker::{self, Request, Run};
use super::{prune, recover, switch};
use crate::error::Error;
use crate::ui::Ui;

/// What to do about data that a newer release has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Data {
    /// Stop, and say what stands between.
    Ask,
    /// Put back the dump that was taken when the release was left.
    Restore,
    /// Start the older release on the data as it is.
    Keep,
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
    recover::first(ui, place);
    let current = place.current()?.ok_or(Error::NothingDeployed)?;
    let to = target(place, to, &current)?;
    let mut run = Run::new(place, request, "rollback");
    run.phase(ui, "planning");
    let wanted = Wanted::load(place, &to, Some(&current))?;
    switch::stamp(place, &wanted)?;
    let (state, plan) = wanted.plan(Some(&current))?;
    let between = between(place, &to, &wanted, &plan)?;
    refuse(&between, data, &to)?;
    if let Some(refused) = worker::prepare(ui, &mut run, &wanted, Some(&current))? {
        receipt::append(&refused, place)?;
        return Ok(refused);
    }
    let journal = run.journal(Some(&current), &to, &state);
    if data == Data::Restore && !between.databases.is_empty() {
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
            // The first digits of a commit will do.
            let mut found = kept.iter().filter(|kept| kept.as_str().starts_with(it.as_str()));
            match (found.next(), found.next()) {
                (Some(one), None) => Ok(one.clone()),
                _ => Err(Error::NotKept { release: it.to_string(), kept: names() }),
            }
        }
    }
}

/// The release that the current one was deployed over.
fn before(place: &Place, current: &Id) -> Result<Option<Id>, Error> {
    let receipts = receipt::all(place)?;
    let mut deploys = receipts
        .into_iter()
        .rev()
        .filter(|it| it.what == "deploy" && it.outcome == Outcome::Deployed && it.to == *current);
    Ok(deploys.find_map(|it| it.from.filter(|it| it != current)))
}

fn between(place: &Place, to: &Id, wanted: &Wanted, plan: &Plan) -> Result<Between, Error> {
    let mut between = Between::default();
    let file = &wanted.after.file;
    let changed = plan.services.iter().filter(|it| {
        it.action == Action::Recreated && it.image_from != it.image_to && it.image_from.is_some()
    });
    for step in changed {
        let Some(service) = file.services.get(&step.service) else { continue };
        let Some(because) = service.labels.get(ONE_WAY_LABEL) else { continue };
        let is_database = |name: &str| {
            file.services.get(name).is_some_and(|it| it.labels.contains_key(DATABASE_LABEL))
        };
        let own = is_database(&step.service).then_some(&step.service);
        let used = service.depends_on.keys().filter(|it| is_database(it));
        let databases: Vec<_> = own.into_iter().chain(used).collect();
        for database in &databases {
            if !between.databases.iter().any(|it| &it.0 == *database) {
                between.databases.push(((*database).clone(), dump_of(place, to, database)?));
            }
        }
        if databases.is_empty() {
            between.others.push((step.service.clone(), because.clone()));
        }
    }
    Ok(between)
}

/// The dump that was taken when a release was left for another one, the newest one first.
fn dump_of(place: &Place, release: &Id, database: &str) -> Result<Option<PathBuf>, Error> {
    let receipts = receipt::all(place)?;
    let left = receipts.iter().rev().filter(|it| it.from.as_ref() == Some(release));
    let dumps = left.flat_map(|it| &it.dumps).map(PathBuf::from);
    // `<deploy>-<service>-<database>.sql.gz`
    let is_it = |it: &PathBuf| {
        let name = it.file_name().unwrap_or_default().to_string_lossy().into_owned();
        name.contains(&format!("-{database}-")) && it.exists()
    };
    Ok({ dumps }.find(is_it))
}

/// Stops unless somebody has said what shall become of the data.
fn refuse(between: &Between, data: Data, to: &Id) -> Result<(), Error> {
    let mut lines = Vec::new();
    for (database, dump) in &between.databases {
        let dump = dump.as_ref().map_or_else(
            || "no dump of that time is known".to_owned(),
            |it| format!("`--restore` would put back {}", it.display()),
        );
        match data {
            Data::Keep => {}
            Data::Restore if between.databases.iter().all(|it| it.1.is_some()) => {}
            Data::Ask | Data::Restore => lines.push(format!("the database `{database}`: {dump}")),
        }
    }
    if data != Data::Keep {
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
    for (database, _) in &between.databases {
        let dump = Database::of(&state, &wanted.after.file, database)?.dump(place, &journal.id)?;
        ui.note(format_args!("  {}", dump.display()));
        journal.dumps.push(dump.display().to_string());
    }
    journal.save(place)?;
    run.phase(ui, "restoring");
    for (database, dump) in &between.databases {
        let Some(dump) = dump else { continue };
        switch::stop_users(&state, &wanted.after.file, database)?;
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
