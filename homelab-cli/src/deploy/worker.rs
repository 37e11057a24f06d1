//! One deploy, from lock to receipt, in a process that survives a lost connection.

use homelab_core::release::Id;
use homelab_core::report::receipt::{Deed, Outcome, Receipt};

use super::bundle::Bundle;
use super::engine::State;
use super::lock::Lock;
use super::place::Place;
use super::run::{Request, Run};
use super::survey::Wanted;
use super::{attempt, gate, one_way, receipt, recover, switch};
use crate::error::Error;
use crate::ui::Ui;

/// Deploys a bundle. An error means that nothing was touched and there is no receipt.
pub(crate) fn deploy(
    ui: &mut Ui,
    place: &Place,
    bundle: &Bundle,
    request: &Request,
) -> Result<Receipt, Error> {
    place.prepare()?;
    let _lock = Lock::take(place, "a deploy", &request.actor)?;
    recover::first(ui, place)?;
    let mut run = Run::new(place, request, Deed::Deploy);
    let (id, current) = (&bundle.manifest.release, place.current()?);
    let wanted = Wanted::of_bundle(place, bundle, current.as_ref())?;
    // Before a file of it is written.
    if let Some(refused) = attempt::forbidden(&mut run, &wanted, current.as_ref()) {
        receipt::append(&refused, place)?;
        return Ok(refused);
    }
    run.phase(ui, "staging");
    bundle.stage(place)?;
    wanted.stage_values(place)?;
    switch::write_resolved(place, &wanted)?;
    run.phase(ui, "planning");
    let (state, plan) = wanted.plan(current.as_ref())?;
    ui.note(homelab_core::report::plan::text(&plan).trim_end());
    let receipts = receipt::all(place)?;
    let is_the_same = !plan.changes && current.as_ref() == Some(id);
    if is_the_same && receipt::broken(&receipts).is_none() {
        return unchanged(run, &wanted, id, &state);
    }
    let turns = one_way::turns(place, &receipts, current.as_ref(), &wanted, &state, &plan);
    let refusals = one_way::refusals(&turns, id);
    if !refusals.is_empty() {
        let because = format!("it could go back over data:\n  {}", refusals.join("\n  "));
        let refused = run.receipt((current.as_ref(), id), Outcome::Refused, Some(because));
        receipt::append(&refused, place)?;
        return Ok(refused);
    }
    if let Some(refused) = attempt::prepare(ui, &mut run, &wanted, current.as_ref(), &plan)? {
        receipt::append(&refused, place)?;
        return Ok(refused);
    }
    let journal = run.journal(current.as_ref(), id, &state);
    attempt::forward(ui, run, &wanted, journal, &state, &plan)
}

/// This release runs already.
fn unchanged(mut run: Run<'_>, wanted: &Wanted, id: &Id, state: &State) -> Result<Receipt, Error> {
    switch::sync_config(run.place, &wanted.manifest)?;
    let receipt = run.receipt((Some(id), id), Outcome::NothingToDo, None);
    let receipt = Receipt { health: gate::health(state), ..receipt };
    receipt::append(&receipt, run.place)?;
    Ok(receipt)
}
