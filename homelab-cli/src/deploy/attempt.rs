//! The way forward: what is right before anything is touched, the switch, and its end.

use homelab_core::checks::finding::Severity;
use homelab_core::release::Id;
use homelab_core::release::plan::{Action, Plan};
use homelab_core::report::receipt::{Outcome, Receipt};
use indexmap::IndexMap;

use super::back::{self, Cause};
use super::dump::Database;
use super::engine::{self, State};
use super::journal::Journal;
use super::place::Place;
use super::run::Run;
use super::survey::Wanted;
use super::{files, gate, one_way, prune, receipt, switch};
use crate::error::Error;
use crate::ui::Ui;

/// What the rules of this host say to a release, with the values of today; `None` is yes.
pub(super) fn forbidden(
    run: &mut Run<'_>,
    wanted: &Wanted,
    current: Option<&Id>,
) -> Option<Receipt> {
    let findings = (run.request.checks.rules)(run.place, wanted);
    if findings.is_empty() {
        return None;
    }
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    let because = format!("the rules of this host forbid it:\n{}", lines.join("\n"));
    let ways = (current, &wanted.manifest.release);
    Some(run.receipt(ways, Outcome::Refused, Some(because)))
}

/// What is done before anything is touched; `Some` when that says no.
pub(super) fn prepare(
    ui: &mut Ui,
    run: &mut Run<'_>,
    wanted: &Wanted,
    current: Option<&Id>,
    plan: &Plan,
) -> Result<Option<Receipt>, Error> {
    let id = &wanted.manifest.release;
    run.phase(ui, "preflight");
    let pulls = !switch::missing_images(wanted)?.is_empty();
    let findings = (run.request.checks.host)(run.place, wanted, pulls, plan)?;
    let errors: Vec<_> = findings.iter().filter(|it| it.severity == Severity::Error).collect();
    if !errors.is_empty() {
        let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
        let because = format!("this host is not ready:\n{}", lines.join("\n"));
        return Ok(Some(run.receipt((current, id), Outcome::Refused, Some(because))));
    }
    run.phase(ui, "pulling");
    if let Err(error) = switch::pull(run.place, wanted, |it| ui.note(it)) {
        let because = format!("an image could not be pulled: {error}");
        return Ok(Some(run.receipt((current, id), Outcome::Refused, Some(because))));
    }
    Ok(None)
}

/// From the journal on: ends on the new release, or back on the old one.
pub(super) fn forward(
    ui: &mut Ui,
    mut run: Run<'_>,
    wanted: &Wanted,
    mut journal: Journal,
    state: &State,
    plan: &Plan,
) -> Result<Receipt, Error> {
    let place = run.place;
    let receipts = receipt::all(place)?;
    // Noted before it is done: who finds this note knows what may have been started.
    let turns = one_way::turns(place, &receipts, journal.from.as_ref(), wanted, state, plan);
    journal.newer = one_way::newer(&turns);
    // A house that is broken is not mended before all of it is well.
    if receipt::broken(&receipts).is_none() {
        journal.unwell = gate::unwell(state).into_iter().collect();
    }
    journal.save(place)?;
    let receipt = match attempt(ui, &mut run, wanted, &mut journal, state, plan) {
        Ok(health) => {
            let receipt =
                run.receipt((journal.from.as_ref(), &journal.to), Outcome::Deployed, None);
            let after = engine::state(&wanted.after.file.name)?;
            let happened = happened(state, &after);
            Receipt {
                health,
                surprises: surprises(plan, &happened),
                happened,
                images: images(plan),
                dumps: journal.dumps.clone(),
                ..receipt
            }
        }
        Err(error) => back::back(ui, &mut run, &journal, &Cause::Failed(error))?,
    };
    end(&run, &receipt)?;
    if receipt.outcome == Outcome::Deployed {
        prune::prune(ui, place, run.request.keep)?;
    }
    Ok(receipt)
}

/// What a deploy leaves behind: its receipt, and no note.
pub(super) fn end(run: &Run<'_>, receipt: &Receipt) -> Result<(), Error> {
    receipt::append(receipt, run.place)?;
    Journal::remove(run.place)
}

fn attempt(
    ui: &mut Ui,
    run: &mut Run<'_>,
    wanted: &Wanted,
    journal: &mut Journal,
    state: &State,
    plan: &Plan,
) -> Result<IndexMap<String, String>, Error> {
    let place = run.place;
    let wrong = switch::wrong_routes(wanted, plan);
    if !plan.dumps.is_empty() {
        run.phase(ui, "dumping");
        let unwell = gate::unwell(state);
        for service in &plan.dumps {
            let database = Database::of(state, &wanted.after.file, service)?;
            // One that was unwell before may be what this mends.
            if unwell.contains(service) && !database.wakes(|it| ui.note(it))? {
                continue;
            }
            let dump = database.dump(place, &journal.id)?;
            ui.note(format_args!("  {}", dump.display()));
            journal.dumps.push(dump.display().to_string());
        }
        journal.save(place)?;
    }
    run.phase(ui, "switching");
    let mut excused = journal.unwell.clone();
    excused.retain(|it| plan.step(it).is_some_and(|it| it.action == Action::Unchanged));
    let health = switch::carry_out(place, wanted, plan, state, &excused, |it| {
        ui.note(format_args!("  {it}"));
    })?;
    run.phase(ui, "asking the routes");
    switch::routes(wanted, &wrong, |it| ui.note(format_args!("  {it}")))?;
    run.phase(ui, "flipping");
    keep_values(place, wanted)?;
    place.flip(&wanted.manifest.release)?;
    Ok(health)
}

/// Keeps the values with which a release became healthy.
pub(super) fn keep_values(place: &Place, wanted: &Wanted) -> Result<(), Error> {
    let values = wanted.values.as_bytes();
    files::write(&place.applied(&wanted.manifest.release), values, 0o600)
}

/// What happened to each service's container.
pub(super) fn happened(before: &State, after: &State) -> IndexMap<String, String> {
    let (old, new) = (before.marks(), after.marks());
    let mut happened = IndexMap::new();
    for (name, (id, since)) in &new {
        let what = match old.get(name) {
            None => "created",
            Some((other, _)) if other != id => "recreated",
            Some((_, before)) if before != since => "started",
            Some(_) => continue,
        };
        happened.insert(name.clone(), what.to_owned());
    }
    for name in old.keys().filter(|it| !new.contains_key(*it)) {
        happened.insert(name.clone(), "stopped".to_owned());
    }
    happened
}

/// Where that is not what was planned.
pub(super) fn surprises(plan: &Plan, happened: &IndexMap<String, String>) -> Vec<String> {
    let word = |it: Action| match it {
        Action::Created => Some("created"),
        Action::Recreated => Some("recreated"),
        Action::Started => Some("started"),
        Action::Stopped => Some("stopped"),
        Action::Unchanged => None,
    };
    let planned: IndexMap<_, _> = plan
        .services
        .iter()
        .filter_map(|it| Some((it.service.as_str(), word(it.action)?)))
        .collect();
    let mut surprises = Vec::new();
    for (name, word) in &planned {
        let was = happened.get(*name).map_or("left alone", String::as_str);
        if was != *word {
            surprises.push(format!("`{name}` was to be {word}, and was {was}"));
        }
    }
    // One that its own policy restarts, because what it uses was away, is the same container.
    let same = |word: &str| word == "started";
    let others = happened.iter().filter(|it| !planned.contains_key(it.0.as_str()) && !same(it.1));
    for (name, word) in others {
        surprises.push(format!("`{name}` was {word}, which was not planned"));
    }
    surprises
}

/// Images that changed.
fn images(plan: &Plan) -> IndexMap<String, (Option<String>, Option<String>)> {
    let changed = plan.services.iter().filter(|it| it.image_from != it.image_to);
    changed.map(|it| (it.service.clone(), (it.image_from.clone(), it.image_to.clone()))).collect()
}
