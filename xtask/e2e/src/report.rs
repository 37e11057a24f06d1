//! What the suite says while it runs and when it ends.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::Context as _;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde::{Deserialize, Serialize};

/// A line that a lane writes to the suite, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Event {
    Began(String),
    /// The lane has cleaned up; nothing of it may be kept if it could not.
    Finished {
        clean: bool,
    },
    Ended(Step),
}

/// One thing that was tried.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    pub(crate) lane: String,
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    pub(crate) seconds: f64,
    /// What was measured, or what went wrong.
    pub(crate) detail: String,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Passed,
    Failed,
    /// It never began, because what it needs had failed.
    NotRun,
}

impl Outcome {
    const fn word(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Failed => "FAILED",
            Self::NotRun => "not run",
        }
    }
}

/// The steps of one lane; writes an event for each.
#[derive(Debug)]
pub(crate) struct Steps {
    lane: String,
    failed: bool,
}

impl Steps {
    pub(crate) fn new(lane: &str) -> Self {
        Self { lane: lane.to_owned(), failed: false }
    }

    pub(crate) const fn failed(&self) -> bool {
        self.failed
    }

    /// Says that the steps after the one that failed were not tried.
    pub(crate) fn rest_not_run(&self) {
        emit(&Event::Ended(Step {
            lane: self.lane.clone(),
            name: "the steps after that".to_owned(),
            outcome: Outcome::NotRun,
            seconds: 0.0,
            detail: "they need what failed".to_owned(),
        }));
    }

    /// Tries something that others do not depend on.
    pub(crate) fn step(&mut self, name: &str, attempt: impl FnOnce() -> anyhow::Result<String>) {
        let _ = self.need(name, attempt);
    }

    /// Tries something without which the rest of the lane makes no sense: `Err` ends the lane.
    pub(crate) fn need(
        &mut self,
        name: &str,
        attempt: impl FnOnce() -> anyhow::Result<String>,
    ) -> Result<(), LaneEnds> {
        emit(&Event::Began(name.to_owned()));
        let started = Instant::now();
        let (outcome, detail) = match attempt() {
            Ok(detail) => (Outcome::Passed, detail),
            Err(error) => (Outcome::Failed, format!("{error:#}")),
        };
        emit(&Event::Ended(Step {
            lane: self.lane.clone(),
            name: name.to_owned(),
            outcome,
            seconds: started.elapsed().as_secs_f64(),
            detail,
        }));
        self.failed |= outcome == Outcome::Failed;
        if outcome == Outcome::Failed { Err(LaneEnds) } else { Ok(()) }
    }
}

/// The rest of a lane makes no sense; what failed has been told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneEnds;

pub(crate) fn emit(event: &Event) {
    if let Ok(line) = serde_json::to_string(event) {
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{line}");
        let _ = out.flush();
    }
}

/// Tells a person what happens.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// A progress line.
pub(crate) fn progress(since: Instant, lane: &str, event: &Event) {
    let at = since.elapsed().as_secs_f64();
    match event {
        Event::Began(name) => tell(&format!("{at:7.1}s  {lane:<11} ...     {name}")),
        Event::Finished { .. } => tell(&format!("{at:7.1}s  {lane:<11} ended")),
        Event::Ended(step) => {
            let Step { name, outcome, seconds, detail, .. } = step;
            let head =
                format!("{at:7.1}s  {lane:<11} {:<7} {name} ({seconds:.1} s)", outcome.word());
            let mut lines = detail.lines();
            match lines.next() {
                Some(first) => tell(&format!("{head}: {first}")),
                None => tell(&head),
            }
            lines.for_each(|it| tell(&format!("{:22}{it}", "")));
        }
    }
}

/// The table at the end: a line a lane, then what failed.
pub(crate) fn summary(steps: &[Step], seconds: f64) -> String {
    let mut lanes: BTreeMap<&str, (usize, usize, usize, f64)> = BTreeMap::new();
    for step in steps {
        let lane = lanes.entry(&step.lane).or_default();
        match step.outcome {
            Outcome::Passed => lane.0 += 1,
            Outcome::Failed => lane.1 += 1,
            Outcome::NotRun => lane.2 += 1,
        }
        lane.3 += step.seconds;
    }
    let mut out = format!(
        "\n{:<12} {:>6} {:>6} {:>7} {:>8}\n",
        "lane", "passed", "failed", "not run", "seconds"
    );
    for (lane, (passed, failed, not_run, time)) in lanes {
        let _ = writeln!(out, "{lane:<12} {passed:>6} {failed:>6} {not_run:>7} {time:>8.1}");
    }
    for step in steps.iter().filter(|it| it.outcome != Outcome::Passed) {
        let Step { lane, name, outcome, detail, .. } = step;
        let _ = writeln!(out, "\n{}: {lane}, {name}\n{detail}", outcome.word());
    }
    let word = if steps.len() == 1 { "step" } else { "steps" };
    let _ = writeln!(out, "\n{} {word} in {seconds:.0} s", steps.len());
    out
}

/// Writes `report.json` and `report.xml` (`JUnit`).
pub(crate) fn write(steps: &[Step], folder: &Path) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(steps)? + "\n";
    std::fs::write(folder.join("report.json"), json).context("cannot write report.json")?;
    let mut report = Report::new("homelab e2e");
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    for step in steps {
        let status = match step.outcome {
            Outcome::Passed => TestCaseStatus::success(),
            Outcome::Failed => {
                let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                status.set_message(step.detail.clone());
                status
            }
            Outcome::NotRun => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(step.detail.clone());
                status
            }
        };
        let mut case = TestCase::new(step.name.clone(), status);
        case.set_time(std::time::Duration::from_secs_f64(step.seconds));
        case.set_system_out(step.detail.clone());
        suites
            .entry(&step.lane)
            .or_insert_with(|| TestSuite::new(step.lane.clone()))
            .add_test_case(case);
    }
    report.add_test_suites(suites.into_values());
    let file =
        std::fs::File::create(folder.join("report.xml")).context("cannot write report.xml")?;
    Ok(report.serialize(file)?)
}
