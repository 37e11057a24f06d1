//! What must hold after every fault, once `recover` has run.

use std::fs;
use std::io::Read as _;
use std::path::Path;

use homelab_core::checks::finding::Severity;
use homelab_core::release::Id;
use homelab_core::report::receipt::{Outcome, Receipt};

use super::super::journal::Journal;
use super::super::lock;
use super::super::release::Manifest;
use super::super::wanted::Wanted;
use super::super::{dump, health, prune, receipt, status};
use super::house::{TestHouse, TestRelease};
use super::sqlite::TORN;

/// Rows that the household has written: no fault may lose one.
pub(super) const ROWS: [&str; 2] = ["row of the first release", "row of later"];

impl TestHouse {
    /// The house runs wholly as one of these releases says, or it is broken as documented; everything that
    /// tells of it agrees. `Err` with what does not hold.
    pub(super) fn holds(&self, releases: &[&TestRelease]) -> Result<(), String> {
        let text = |it: crate::error::Error| it.to_string();
        let docker = self.docker.borrow().clone();
        if let Some(wrong) = docker.wrong.first() {
            return Err(wrong.clone());
        }
        self.rows_are_there()?;
        if !lock::is_free(&self.place) {
            return Err("the lock is held".to_owned());
        }
        if Journal::load(&self.place).map_err(text)?.is_some() {
            return Err("the note of the deploy is still there".to_owned());
        }
        let receipts = receipt::load_all(&self.place).map_err(text)?;
        let last = receipts.iter().rfind(|it| it.outcome != Outcome::Refused);
        let current = self.place.current().map_err(text)?;
        let Some(current) = current else {
            return if docker.containers.is_empty() {
                Ok(())
            } else {
                Err("no release is the current one, and containers are there".to_owned())
            };
        };
        self.files_are_there(&current, &receipts)?;
        let Some(release) = releases.iter().find(|it| it.id == current.as_str()) else {
            return Err(format!("{current} is the current release"));
        };
        let last = last.ok_or("there is no receipt")?;
        if last.runs.as_ref() != Some(&current) {
            return Err(format!(
                "{current} is the current release, the receipt says {:?}",
                last.runs
            ));
        }
        // Only a release with a service that never gets well may leave the house broken.
        let broken = last.outcome == Outcome::Broken;
        if broken != release.is_sick() {
            return Err(format!("the last receipt is {last:?}"));
        }
        if broken && (last.help.is_none() || last.because.is_none()) {
            return Err(format!("a broken house without a way out: {last:?}"));
        }
        let wanted = Wanted::as_it_ran(&self.place, &current).map_err(text)?;
        let (state, plan) = wanted.plan(Some(&current)).map_err(text)?;
        if plan.changes {
            let text = homelab_core::report::plan::text(&plan);
            return Err(format!("it does not run as {current} says:\n{text}"));
        }
        let names = wanted.networks();
        if let Some(left) = docker.networks.keys().find(|it| !names.contains(&it.as_str())) {
            return Err(format!("the network {left} is left"));
        }
        if health::unwell(&state).is_empty() == broken {
            return Err(format!("unwell: {:?}", health::unwell(&state)));
        }
        let values = fs::read(self.place.dotenv()).ok();
        if !broken && fs::read(self.place.applied(&current)).ok() != values {
            // `.env` was edited, and no deploy has made it count.
            return Ok(());
        }
        let status = status::status(&self.place);
        if status.broken.is_some() != broken || status.drift != broken {
            return Err(format!("`status` says {:#?}", status.findings));
        }
        let wrong = status.findings.iter().find(|it| it.severity == Severity::Error);
        match wrong.filter(|_| !broken) {
            None => Ok(()),
            Some(finding) => Err(format!("`status` says {finding}")),
        }
    }

    /// `compose.yaml` is that of the release that runs, and every dump that a receipt names is whole.
    fn files_are_there(&self, current: &Id, receipts: &[Receipt]) -> Result<(), String> {
        let text = |it: crate::error::Error| it.to_string();
        let real = |path: &str| fs::canonicalize(self.place.root.join(path)).ok();
        if real("compose.yaml") != real(&format!("releases/{current}/compose.yaml")) {
            return Err(format!("`compose.yaml` is not that of {current}"));
        }
        let mut dumps = receipts.iter().flat_map(|it| &it.dumps);
        dumps.try_for_each(|path| {
            let path = Path::new(path);
            if path.to_string_lossy().ends_with(".sql.gz") {
                return dump::tests::whole_postgres(path).map_err(|it| it.to_string());
            }
            let mut bytes = Vec::new();
            let ended = dump::open(path).map_err(text)?.read_to_end(&mut bytes);
            ended.map_err(|it| it.to_string())?;
            let torn = bytes.windows(TORN.len()).any(|it| it == TORN.as_bytes());
            if torn {
                Err("a database was copied while somebody wrote to it".to_owned())
            } else {
                Ok(())
            }
        })
    }

    /// What a deploy that says that it went well does not know itself.
    pub(super) fn ended_on(&self, release: &TestRelease) -> Result<(), String> {
        if let Some(wrong) = self.docker.borrow().wrong.first() {
            return Err(wrong.clone());
        }
        self.rows_are_there()?;
        let current = self.place.current().map_err(|it| it.to_string())?;
        let is_over = !self.place.journal().exists() && lock::is_free(&self.place);
        if is_over && current.as_ref().is_some_and(|it| it.as_str() == release.id) {
            return self.nothing_is_left();
        }
        Err(format!("{current:?} is the current release, or the deploy has not ended"))
    }

    /// Releases and images that nobody goes back to are gone, whatever earlier deploys have left of them;
    /// a deploy that had nothing to do removes nothing.
    fn nothing_is_left(&self) -> Result<(), String> {
        let text = |it: crate::error::Error| it.to_string();
        let receipts = receipt::load_all(&self.place).map_err(text)?;
        if receipts.last().is_none_or(|it| it.outcome != Outcome::Deployed) {
            return Ok(());
        }
        let kept = prune::kept_releases(&self.place, self.keep.get()).map_err(text)?;
        let mut surplus = prune::all_releases(&self.place).map_err(text)?;
        surplus.retain(|it| !kept.contains(it));
        let manifests = kept.iter().filter_map(|it| Manifest::load(&self.place, it).ok());
        let used: Vec<_> = manifests.flat_map(|it| it.images.into_values()).collect();
        let docker = self.docker.borrow();
        let images: Vec<_> = docker.images.iter().filter(|it| !used.contains(it)).collect();
        if surplus.is_empty() && images.is_empty() {
            return Ok(());
        }
        Err(format!("the releases {surplus:?} and the images {images:?} are left"))
    }

    /// In the database or beside it, and in what has no database.
    fn rows_are_there(&self) -> Result<(), String> {
        let docker = self.docker.borrow();
        for row in ROWS {
            let is_written = docker.volumes.get("jelly").is_some_and(|it| it.rows.contains(row));
            let is_there = docker.databases.values().any(|it| it.rows.contains(row));
            let is_noted = docker.volumes.get("notes").is_some_and(|it| it.rows.contains(row));
            if is_written && !(is_there && is_noted) {
                return Err(format!("the `{row}` is lost"));
            }
        }
        Ok(())
    }
}
