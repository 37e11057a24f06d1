//! Deploys on the host: releases side by side, one switch, and a way back from every fault.
//!
//! ```text
//! lock ─► recover ─► judge ─► stage ─► plan ─► preflight ─► build ─► pull
//!   ┌──────────────────────────────────────────────────────────────────┘
//!   └► journal ─► dump ─► switch ─► health ─► routes ─► flip ─► receipt ─► prune
//!         │         └ a fault: the same way back to the old release
//!         └ the process is killed, the power fails: `recover` does it
//! ```
//!
//! The link `current` decides: until it points to the new release, a fault leads back to the old one; from then
//! on only the receipt is missing. Every lasting file is written under a temporary name and renamed.

mod back;
pub(crate) mod between;
mod build;
pub(crate) mod bundle;
mod declared;
pub(crate) mod dump;
mod files;
mod forward;
mod happened;
mod health;
pub(crate) mod journal;
pub(crate) mod lock;
#[cfg(test)]
mod matrix;
mod migration;
mod mounted;
mod networks;
mod one_way;
pub(crate) mod place;
pub(crate) mod preflight;
mod probe;
mod progress;
mod prune;
pub(crate) mod receipt;
pub(crate) mod recover;
pub(crate) mod release;
pub(crate) mod rollback;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod supervise;
mod switch;
pub(crate) mod wanted;
mod way_out;

use homelab_core::report::receipt::{Deed, Outcome, Receipt};

use self::bundle::Bundle;
use self::lock::Lock;
use self::place::HousePlace;
use self::run::{Request, Run};
use self::wanted::Wanted;
use crate::error::Error;
use crate::ui::Ui;

/// Deploys a bundle. An error means that nothing was touched and there is no receipt.
pub(crate) fn deploy(
    ui: &mut Ui,
    place: &HousePlace,
    bundle: &Bundle,
    request: &Request,
) -> Result<Receipt, Error> {
    place.make_folders()?;
    let _lock = Lock::take(place, "a deploy", &request.actor)?;
    recover::before_another(ui, place)?;
    let (to, current) = (&bundle.manifest.release, place.current()?);
    let mut run = Run::new(ui, place, request, Deed::Deploy, (current.as_ref(), to));
    let wanted = Wanted::of_bundle(place, bundle, current.as_ref())?;
    // The rules judge the release before any of its files is written.
    if let Some(because) = forward::forbidden(&run, &wanted) {
        return run.refuse(because);
    }
    run.phase("staging");
    bundle.stage(place)?;
    wanted.stage(place)?;
    run.phase("planning");
    let (seen, plan) = run.plan(&wanted)?;
    let receipts = receipt::load_all(place)?;
    let is_the_same = !plan.changes && current.as_ref() == Some(to);
    if is_the_same && receipt::broken(&receipts).is_none() {
        switch::sync_config(place, &wanted.manifest)?;
        let health = health::by_service(&seen);
        let receipt = Receipt { health, ..run.receipt(Outcome::NothingToDo, None) };
        receipt::append(&receipt, place)?;
        return Ok(receipt);
    }
    let changes = one_way::image_changes(place, &receipts, current.as_ref(), &wanted, &seen, &plan);
    let refusals = one_way::refusals(&changes, to);
    if !refusals.is_empty() {
        return run.refuse(format!("it could go back over data:\n  {}", refusals.join("\n  ")));
    }
    let stop = "stop that service by hand if you know that it hangs";
    if let Some(because) = forward::cuts_off(&run, &wanted, &seen, &plan, stop)? {
        return run.refuse(because);
    }
    if let Some(because) = forward::unready(&mut run, &wanted, &seen, &plan)? {
        return run.refuse(because);
    }
    let journal = run.journal(&seen);
    forward::go_forward(&mut run, &wanted, journal, &seen, &plan)
}
