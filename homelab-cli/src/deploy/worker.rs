//! One deploy from lock to receipt, as a process that nobody's lost connection ends.

use std::time::Instant;

use homelab_core::finding::Severity;
use homelab_core::plan::{Action, Plan};
use homelab_core::release::Id;
use homelab_core::report::receipt::{Outcome, Receipt};
use indexmap::IndexMap;

use super::bundle::Bundle;
use super::dump::Database;
use super::engine::{self, State};
use super::journal::Journal;
use super::lock::Lock;
use super::place::Place;
use super::receipt;
use super::survey::Wanted;
use super::{files, preflight, prune, recover, rollback, switch};
use crate::error::Error;
use crate::ui::Ui;

/// Who asks for what.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Name of the deploy.
    pub(crate) id: String,
    pub(crate) actor: String,
    pub(crate) run_url: Option<String>,
    /// Healthy releases that are kept besides the current one.
    pub(crate) keep: usize,
}

/// A deploy under way: what it tells and what it measures.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) place: &'a Place,
    pub(super) request: &'a Request,
    what: &'static str,
    started: String,
    seconds: IndexMap<String, f64>,
    phase: Option<(&'static str, Instant)>,
}

impl<'a> Run<'a> {
    pub(super) fn new(place: &'a Place, request: &'a Request, what: &'static str) -> Self {
        let (seconds, started) = (IndexMap::new(), receipt::now());
        Self { place, request, what, started, seconds, phase: None }
    }

    /// Begins a phase: its name is told, and its time is in the receipt.
    pub(super) fn phase(&mut self, ui: &mut Ui, name: &'static str) {
        self.end_phase();
        ui.note(format_args!("{name}"));
        self.phase = Some((name, Instant::now()));
    }

    fn end_phase(&mut self) {
        if let Some((name, since)) = self.phase.take() {
            let seconds = (since.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
            *self.seconds.entry(name.to_owned()).or_default() += seconds;
        }
    }

    pub(super) fn journal(&self, from: Option<&Id>, to: &Id, state: &State) -> Journal {
        Journal {
            id: self.request.id.clone(),
            what: self.what.to_owned(),
            from: from.cloned(),
            to: to.clone(),
            actor: self.request.actor.clone(),
            run_url: self.request.run_url.clone(),
            started: self.started.clone(),
            before: state.marks().into_keys().collect(),
            dumps: Vec::new(),
            restored: Vec::new(),
        }
    }

    /// The receipt of what was done; `None` as plan when nothing was.
    pub(super) fn receipt(
        &mut self,
        (from, to): (Option<&Id>, &Id),
        outcome: Outcome,
        because: Option<String>,
    ) -> Receipt {
        self.end_phase();
        Receipt {
            id: self.request.id.clone(),
            what: self.what.to_owned(),
            outcome,
            from: from.cloned(),
            to: to.clone(),
            runs: self.place.current().ok().flatten(),
            actor: self.request.actor.clone(),
            run_url: self.request.run_url.clone(),
            started: self.started.clone(),
            ended: receipt::now(),
            seconds: self.seconds.clone(),
            images: IndexMap::new(),
            happened: IndexMap::new(),
            surprises: Vec::new(),
            health: IndexMap::new(),
            dumps: Vec::new(),
            because,
        }
    }
}

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
    let mut run = Run::new(place, request, "deploy");
    let (id, current) = (&bundle.manifest.release, place.current()?);
    if let Some(because) = refused(place, bundle, current.as_ref())? {
        let refused = run.receipt((current.as_ref(), id), Outcome::Refused, Some(because));
        receipt::append(&refused, place)?;
        return Ok(refused);
    }
    run.phase(ui, "staging");
    bundle.stage(place)?;
    let wanted = Wanted::load(place, id, current.as_ref())?;
    switch::stamp(place, &wanted)?;
    run.phase(ui, "planning");
    let (state, plan) = wanted.plan(current.as_ref())?;
    ui.note(homelab_core::report::plan::text(&plan).trim_end());
    if !plan.changes {
        return unchanged(ui, run, &wanted, current.as_ref(), &state);
    }
    let older = rollback::downgrades(place, &wanted, &plan)?;
    if !older.is_empty() {
        let because = format!("it would go back over data:\n  {}", older.join("\n  "));
        let refused = run.receipt((current.as_ref(), id), Outcome::Refused, Some(because));
        receipt::append(&refused, place)?;
        return Ok(refused);
    }
    if let Some(refused) = prepare(ui, &mut run, &wanted, current.as_ref(), &plan)? {
        receipt::append(&refused, place)?;
        return Ok(refused);
    }
    let journal = run.journal(current.as_ref(), id, &state);
    forward(ui, run, &wanted, journal, &state, &plan)
}

/// What the rules of this host say to a release, before a file of it is written; `None` is yes.
fn refused(place: &Place, bundle: &Bundle, current: Option<&Id>) -> Result<Option<String>, Error> {
    let findings = preflight::refusals(place, &Wanted::of_bundle(place, bundle, current)?)?;
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    let because = format!("the rules of this host forbid it:\n{}", lines.join("\n"));
    Ok((!lines.is_empty()).then_some(because))
}

/// Nothing happens to a container: the release may still be another commit.
fn unchanged(
    ui: &mut Ui,
    mut run: Run<'_>,
    wanted: &Wanted,
    current: Option<&Id>,
    state: &State,
) -> Result<Receipt, Error> {
    let id = &wanted.manifest.release;
    switch::sync_config(run.place, &wanted.manifest)?;
    let outcome = if current == Some(id) {
        Outcome::NothingToDo
    } else {
        keep_values(run.place, wanted)?;
        run.place.flip(id)?;
        Outcome::Deployed
    };
    let receipt =
        Receipt { health: super::gate::health(state), ..run.receipt((current, id), outcome, None) };
    receipt::append(&receipt, run.place)?;
    if outcome == Outcome::Deployed {
        prune::prune(ui, run.place, run.request.keep)?;
    }
    Ok(receipt)
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
    let findings = preflight::check(run.place, wanted, pulls, plan)?;
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
    journal.save(place)?;
    let ended = attempt(ui, &mut run, wanted, &mut journal, state, plan);
    let receipt = match ended {
        Ok(health) => {
            let receipt =
                run.receipt((journal.from.as_ref(), &journal.to), Outcome::Deployed, None);
            let after = engine::state(&wanted.after.file.name, [])?;
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
        Err(error) => recover::back(ui, &mut run, &journal, &error.to_string())?,
    };
    receipt::append(&receipt, place)?;
    Journal::remove(place)?;
    if receipt.outcome == Outcome::Deployed {
        prune::prune(ui, place, run.request.keep)?;
    }
    Ok(receipt)
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
        for service in &plan.dumps {
            let dump =
                Database::of(state, &wanted.after.file, service)?.dump(place, &journal.id)?;
            ui.note(format_args!("  {}", dump.display()));
            journal.dumps.push(dump.display().to_string());
        }
        journal.save(place)?;
    }
    run.phase(ui, "switching");
    let health =
        switch::carry_out(place, wanted, plan, state, |it| ui.note(format_args!("  {it}")))?;
    run.phase(ui, "asking the routes");
    switch::routes(wanted, &wrong, |it| ui.note(format_args!("  {it}")))?;
    run.phase(ui, "flipping");
    keep_values(place, wanted)?;
    place.flip(&wanted.manifest.release)?;
    Ok(health)
}

/// Keeps the values with which a release became healthy.
fn keep_values(place: &Place, wanted: &Wanted) -> Result<(), Error> {
    let bytes = files::read(&wanted.dotenv)?.unwrap_or_default();
    files::write(&place.applied(&wanted.manifest.release), &bytes, 0o600)
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
