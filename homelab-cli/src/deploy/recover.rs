//! The end of a deploy that was interrupted, and another look at a house that was left broken.

use std::time::Duration;

use homelab_core::report::receipt::{Deed, Outcome, Receipt};

use super::back::{self, Cause};
use super::journal::Journal;
use super::lock::Lock;
use super::place::HousePlace;
use super::run::{Request, Run};
use super::wanted::Wanted;
use super::{health, one_way, probe, receipt};
use crate::error::Error;
use crate::message;
use crate::ui::Ui;

/// How long a recovery waits for the lock: programs of a killed deploy may still run.
const PATIENCE: Duration = Duration::from_mins(5);

/// Ends an interrupted deploy, or looks at a broken house again. Returns `None` where there is neither.
pub(crate) fn recover(
    ui: &mut Ui,
    place: &HousePlace,
    actor: &str,
) -> Result<Option<Receipt>, Error> {
    if Journal::load(place)?.is_none() && receipt::broken(&receipt::load_all(place)?).is_none() {
        return Ok(None);
    }
    let _lock = Lock::wait(place, "a recovery", actor, PATIENCE)?;
    match end_interrupted(ui, place)? {
        None => look_again(ui, place, actor),
        ended => Ok(ended),
    }
}

/// Looks at a house that was left broken. It may be healthy by now, for example after a long migration; else
/// the old receipt still says what to do.
fn look_again(ui: &mut Ui, place: &HousePlace, actor: &str) -> Result<Option<Receipt>, Error> {
    let receipts = receipt::load_all(place)?;
    let (Some(broken), Some(current)) = (receipt::broken(&receipts), place.current()?) else {
        return Ok(receipt::broken(&receipts).cloned());
    };
    let wanted = Wanted::load(place, &current, Some(&current))?;
    let (seen, plan) = wanted.plan(Some(&current))?;
    let is_well = health::unwell(&seen).is_empty() && probe::not_ready(&wanted).is_empty();
    if plan.changes || !is_well {
        return Ok(Some(broken.clone()));
    }
    let request = Request::recovery(format!("{}-well", broken.id), actor, None);
    wanted.keep_values(place)?;
    let mut run = Run::new(ui, place, &request, Deed::Recover, (Some(&current), &current));
    let receipt = run.receipt(Outcome::Deployed, None);
    let receipt = Receipt { health: health::by_service(&seen), ..receipt };
    receipt::append(&receipt, place)?;
    Ok(Some(receipt))
}

/// Ends an interrupted deploy; its caller holds the lock.
fn end_interrupted(ui: &mut Ui, place: &HousePlace) -> Result<Option<Receipt>, Error> {
    let Some(journal) = Journal::load(place)? else { return Ok(None) };
    let what = journal.what.word();
    ui.note(format_args!("the {what} of {} was interrupted: ending it first", journal.to));
    let request = Request::recovery(journal.id.clone(), &journal.actor, journal.run_url.clone());
    let ways = (journal.from.as_ref(), &journal.to);
    let mut run = Run::new(ui, place, &request, Deed::Recover, ways);
    let receipt = back::go_back(&mut run, &journal, &Cause::Interrupted)?;
    run.end(&receipt)?;
    Ok(Some(receipt))
}

/// Ends an interrupted deploy before a deploy or rollback begins. Where that fails, the user is warned and
/// the new deploy goes on: it brings the whole house to its release anyway.
///
/// But where data was exchanged, or changed by a newer release, the failure stops the new deploy: it would
/// overwrite the note that says so.
pub(super) fn before_another(ui: &mut Ui, place: &HousePlace) -> Result<(), Error> {
    let Err(error) = end_interrupted(ui, place) else { return Ok(()) };
    if let Some(journal) = Journal::load(place)?
        && (!journal.restored.is_empty() || !one_way::started(place, &journal)?.is_empty())
    {
        return Err(error);
    }
    ui.note(format_args!("warning: that was not possible ({}); going on", message::chain(&error)));
    Ok(())
}
