//! A deploy under way: who asked for it, what it tells, and how long each phase took.

use std::time::Instant;

use homelab_core::checks::finding::Finding;
use homelab_core::release::Id;
use homelab_core::release::plan::Plan;
use homelab_core::report::receipt::{Deed, Outcome, Receipt};
use indexmap::IndexMap;

use super::engine::State;
use super::journal::Journal;
use super::place::Place;
use super::survey::Wanted;
use super::{preflight, receipt};
use crate::error::Error;
use crate::ui::Ui;

/// What a check found.
type Found = Result<Vec<Finding>, Error>;

/// What has to be right before anything is touched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checks {
    /// Why the rules of this host refuse a release.
    pub(crate) rules: fn(&Place, &Wanted) -> Vec<Finding>,
    /// What is wrong with the host for a release, which may pull images, and a plan.
    pub(crate) host: fn(&Place, &Wanted, bool, &Plan) -> Found,
}

impl Checks {
    /// None: for what makes a house that runs whole again.
    pub(crate) const NONE: Self =
        Self { rules: |_, _| Vec::new(), host: |_, _, _, _| Ok(Vec::new()) };

    /// Those of this host.
    pub(crate) const ALL: Self =
        Self { rules: |_, wanted| preflight::refusals(wanted), host: preflight::check };
}

/// Who asks for what.
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

/// What is told and measured of a deploy.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) place: &'a Place,
    pub(super) request: &'a Request,
    what: Deed,
    started: String,
    seconds: IndexMap<String, f64>,
    phase: Option<(&'static str, Instant)>,
}

impl<'a> Run<'a> {
    pub(super) fn new(place: &'a Place, request: &'a Request, what: Deed) -> Self {
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

    /// The note of what is about to be done.
    pub(super) fn journal(&self, from: Option<&Id>, to: &Id, state: &State) -> Journal {
        Journal {
            id: self.request.id.clone(),
            what: self.what,
            from: from.cloned(),
            to: to.clone(),
            actor: self.request.actor.clone(),
            run_url: self.request.run_url.clone(),
            started: self.started.clone(),
            before: state.marks().into_keys().collect(),
            dumps: Vec::new(),
            newer: IndexMap::new(),
            unwell: Vec::new(),
            restored: Vec::new(),
        }
    }

    /// The receipt of what was done.
    pub(super) fn receipt(
        &mut self,
        (from, to): (Option<&Id>, &Id),
        outcome: Outcome,
        because: Option<String>,
    ) -> Receipt {
        self.end_phase();
        Receipt {
            id: self.request.id.clone(),
            what: self.what,
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
            help: None,
        }
    }
}
