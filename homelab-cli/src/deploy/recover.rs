//! The way back, and the end of a deploy that somebody killed.

use std::time::Duration;

use homelab_core::plan::{Action, Plan};
use homelab_core::report::receipt::{Outcome, Receipt};

use super::dump::Database;
use super::engine;
use super::journal::Journal;
use super::lock::Lock;
use super::place::Place;
use super::receipt;
use super::release;
use super::survey::Wanted;
use super::switch;
use super::worker::{self, Request, Run};
use crate::error::Error;
use crate::ui::Ui;

/// What a killed deploy has started may still run for as long as it waits for a health check.
const PATIENCE: Duration = Duration::from_mins(5);

/// Ends an interrupted deploy; `None` when there is none.
pub(crate) fn recover(ui: &mut Ui, place: &Place, actor: &str) -> Result<Option<Receipt>, Error> {
    if Journal::load(place)?.is_none() {
        return Ok(None);
    }
    let _lock = Lock::wait(place, "a recovery", actor, PATIENCE)?;
    if_interrupted(ui, place)
}

/// The same for who holds the lock: forward when the release was made the current one, else back.
pub(super) fn if_interrupted(ui: &mut Ui, place: &Place) -> Result<Option<Receipt>, Error> {
    let Some(journal) = Journal::load(place)? else { return Ok(None) };
    let what = &journal.what;
    ui.note(format_args!("the {what} of {} was interrupted: ending it first", journal.to));
    let request = Request {
        id: journal.id.clone(),
        actor: journal.actor.clone(),
        run_url: journal.run_url.clone(),
        keep: usize::MAX,
    };
    let mut run = Run::new(place, &request, "recover");
    // Where only `.env` changed, it is the same release on both sides: then back is the safe way.
    let forward = journal.from.as_ref() != Some(&journal.to);
    let receipt = if forward && place.current()?.as_ref() == Some(&journal.to) {
        let wanted = Wanted::load(place, &journal.to, None)?;
        let ended = settle(ui, &mut run, &journal, &wanted)?;
        let ended = ended.unwrap_or_else(|receipt| receipt);
        Receipt { dumps: journal.dumps.clone(), ..ended }
    } else {
        back(ui, &mut run, &journal, "it was interrupted")?
    };
    receipt::append(&receipt, place)?;
    Journal::remove(place)?;
    Ok(Some(receipt))
}

/// The same before something that makes the house what it should be anyway: that it fails is told,
/// and no reason to stop.
///
/// Unless data was exchanged: nobody else would put it back.
pub(super) fn first(ui: &mut Ui, place: &Place) -> Result<(), Error> {
    let Err(error) = if_interrupted(ui, place) else { return Ok(()) };
    if Journal::load(place)?.is_some_and(|it| !it.restored.is_empty()) {
        return Err(error);
    }
    ui.note(format_args!("warning: that was not possible ({error}); going on"));
    Ok(())
}

/// Makes the house what it was before a deploy.
pub(super) fn back(
    ui: &mut Ui,
    run: &mut Run<'_>,
    journal: &Journal,
    because: &str,
) -> Result<Receipt, Error> {
    ui.note(format_args!("error: {because}"));
    run.phase(ui, "going back");
    let place = run.place;
    let receipt = match &journal.from {
        Some(from) => {
            put_data_back(ui, place, journal)?;
            let wanted = Wanted::as_it_ran(place, from)?;
            match settle(ui, run, journal, &wanted)? {
                Ok(receipt) => Receipt { outcome: Outcome::RolledBack, ..receipt },
                Err(receipt) => receipt,
            }
        }
        None => first_undone(ui, run, journal)?,
    };
    let also = receipt.because.iter().map(|it| format!("; going back: {it}"));
    let because = std::iter::once(because.to_owned()).chain(also).collect();
    Ok(Receipt { because: Some(because), dumps: journal.dumps.clone(), ..receipt })
}

/// Brings a release up; `Err` with the receipt when it does not become healthy.
fn settle(
    ui: &mut Ui,
    run: &mut Run<'_>,
    journal: &Journal,
    wanted: &Wanted,
) -> Result<Result<Receipt, Receipt>, Error> {
    let (place, id) = (run.place, &wanted.manifest.release);
    switch::stamp(place, wanted)?;
    let (state, plan) = wanted.plan(Some(id))?;
    let ended =
        switch::carry_out(place, wanted, &plan, &state, |it| ui.note(format_args!("  {it}")));
    let ways = (journal.from.as_ref(), &journal.to);
    match ended {
        Ok(health) => {
            if place.current()?.as_ref() != Some(id) {
                place.flip(id)?;
            }
            let after = engine::state(&wanted.after.file.name, [])?;
            let happened = worker::happened(&state, &after);
            let receipt = run.receipt(ways, Outcome::Deployed, None);
            Ok(Ok(Receipt { happened, health, ..receipt }))
        }
        Err(error) => {
            let because = Some(error.to_string());
            Ok(Err(run.receipt(ways, Outcome::Broken, because)))
        }
    }
}

/// A first deploy has no old release: what it made goes, data stays.
fn first_undone(ui: &mut Ui, run: &mut Run<'_>, journal: &Journal) -> Result<Receipt, Error> {
    let wanted = Wanted::load(run.place, &journal.to, None)?;
    let (state, mut plan) = wanted.plan(None)?;
    let made: Vec<_> =
        state.marks().into_keys().filter(|it| !journal.before.contains(it)).collect();
    plan.services.retain(|it| made.contains(&it.service));
    for it in &mut plan.services {
        it.action = Action::Stopped;
    }
    let plan = Plan { changes: !plan.services.is_empty(), ..plan };
    switch::remove(&state, &plan, &mut |it: &str| ui.note(format_args!("  {it}")))?;
    let ways = (None, &journal.to);
    if journal.before.is_empty() {
        return Ok(run.receipt(ways, Outcome::RolledBack, None));
    }
    let because = "there is no release to go back to, and containers of this project ran before \
                   the first one: look at them with `docker compose ls` and `docker ps`";
    Ok(run.receipt(ways, Outcome::Broken, Some(because.to_owned())))
}

/// Undoes the exchange of databases of a rollback that failed.
fn put_data_back(ui: &mut Ui, place: &Place, journal: &Journal) -> Result<(), Error> {
    if journal.restored.is_empty() {
        return Ok(());
    }
    let file = release::compose_of(place, &journal.to)?;
    let from = journal.from.as_ref().and_then(|it| release::compose_of(place, it).ok());
    for (service, kept) in &journal.restored {
        ui.note(format_args!("  putting the data of `{service}` back"));
        let state = engine::state(&file.name, [])?;
        let files = std::iter::once(&file).chain(&from);
        let ended = switch::stop_users(&state, files, service).and_then(|()| {
            let database = Database::of(&state, &file, service)?;
            database.wake()?;
            database.undo(kept)
        });
        ended.map_err(|error| Error::Failed {
            what: format!("the data of `{service}` could not be put back: {error}"),
            help: format!(
                "it is in the database `{kept}`, and nothing was lost: see why the server does not \
                 answer, then run `homelab recover`"
            ),
        })?;
    }
    Ok(())
}
