//! A deploy, rollback or recovery under way: who asked for it, what it tells, and how long each phase takes.

use std::fmt::Display;
use std::time::Instant;

use homelab_core::checks::finding::Finding;
use homelab_core::release::Id;
use homelab_core::release::plan::Plan;
use homelab_core::report::receipt::{Deed, Outcome, Receipt};
use indexmap::IndexMap;

use super::journal::Journal;
use super::place::HousePlace;
use super::wanted::Wanted;
use super::{preflight, receipt};
use crate::docker::seen::Seen;
use crate::error::Error;
use crate::ui::Ui;

/// What is wrong with the host.
type Found = Result<Vec<Finding>, Error>;

/// The checks before anything is touched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checks {
    /// What the rules of this host find in a release.
    pub(crate) rules: fn(&HousePlace, &Wanted) -> Vec<Finding>,
    /// What is wrong with the host; `bool` is whether images have to be pulled.
    pub(crate) host: fn(&HousePlace, &Wanted, &Seen, bool, &Plan) -> Found,
}

impl Checks {
    /// No checks, for recoveries.
    const NONE: Self = Self { rules: |_, _| Vec::new(), host: |_, _, _, _, _| Ok(Vec::new()) };

    /// The checks of this host.
    pub(crate) const ALL: Self =
        Self { rules: |_, wanted| preflight::refusals(wanted), host: preflight::check };
}

/// Who asks for a deploy, and what else it needs.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Name of the deploy.
    pub(crate) id: String,
    pub(crate) actor: String,
    pub(crate) run_url: Option<String>,
    /// Healthy releases that are kept besides the current one.
    pub(crate) keep: usize,
    pub(crate) checks: Checks,
}

impl Request {
    /// For a recovery, which checks and removes nothing.
    pub(super) fn recovery(id: String, actor: &str, run_url: Option<String>) -> Self {
        Self { id, actor: actor.to_owned(), run_url, keep: usize::MAX, checks: Checks::NONE }
    }
}

/// A deploy, rollback or recovery under way.
pub(super) struct Run<'a> {
    pub(super) ui: &'a mut Ui,
    pub(super) place: &'a HousePlace,
    pub(super) request: Request,
    what: Deed,
    /// The release that ran before.
    pub(super) from: Option<Id>,
    /// The release that shall run.
    pub(super) to: Id,
    started: String,
    seconds: IndexMap<String, f64>,
    phase: Option<(&'static str, Instant)>,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        ui: &'a mut Ui,
        place: &'a HousePlace,
        request: &Request,
        what: Deed,
        (from, to): (Option<&Id>, &Id),
    ) -> Self {
        Self {
            ui,
            place,
            request: request.clone(),
            what,
            from: from.cloned(),
            to: to.clone(),
            started: receipt::now(),
            seconds: IndexMap::new(),
            phase: None,
        }
    }

    /// Begins a phase: its name is printed, and its duration is in the receipt.
    pub(super) fn phase(&mut self, name: &'static str) {
        self.end_phase();
        self.ui.note(name);
        self.phase = Some((name, Instant::now()));
    }

    fn end_phase(&mut self) {
        if let Some((name, since)) = self.phase.take() {
            let seconds = (since.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
            *self.seconds.entry(name.to_owned()).or_default() += seconds;
        }
    }

    /// Prints what happens within a phase.
    pub(super) fn tell(&mut self, text: impl Display) {
        self.ui.note(format_args!("  {text}"));
    }

    /// Asks Docker what runs, and prints what would happen to it.
    pub(super) fn plan(&mut self, wanted: &Wanted) -> Result<(Seen, Plan), Error> {
        let (seen, plan) = wanted.plan(self.from.as_ref())?;
        self.ui.note(homelab_core::report::plan::text(&plan).trim_end());
        Ok((seen, plan))
    }

    /// The journal of what is about to be done.
    pub(super) fn journal(&self, seen: &Seen) -> Journal {
        Journal {
            id: self.request.id.clone(),
            what: self.what,
            from: self.from.clone(),
            to: self.to.clone(),
            actor: self.request.actor.clone(),
            run_url: self.request.run_url.clone(),
            started: self.started.clone(),
            before: seen.marks().into_keys().collect(),
            dumps: Vec::new(),
            newer: IndexMap::new(),
            unwell: Vec::new(),
            restored: Vec::new(),
        }
    }

    /// The receipt of what was done.
    pub(super) fn receipt(&mut self, outcome: Outcome, because: Option<String>) -> Receipt {
        self.end_phase();
        Receipt {
            id: self.request.id.clone(),
            what: self.what,
            outcome,
            from: self.from.clone(),
            to: self.to.clone(),
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
            help: None,
        }
    }

    /// Ends the run before anything was touched.
    pub(super) fn refuse(mut self, because: String) -> Result<Receipt, Error> {
        let refused = self.receipt(Outcome::Refused, Some(because));
        receipt::append(&refused, self.place)?;
        Ok(refused)
    }

    /// Ends the run: writes its receipt and removes its journal.
    pub(super) fn end(&self, receipt: &Receipt) -> Result<(), Error> {
        receipt::append(receipt, self.place)?;
        Journal::remove(self.place)
    }
}
