//! The journal: a note that a deploy writes before it touches anything, so that a recovery can undo or end it.

use homelab_core::release::Id;
use homelab_core::report::receipt::Deed;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::files;
use super::place::HousePlace;
use crate::error::Error;

/// A deploy under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Journal {
    /// Name of the deploy, and of its log.
    pub(crate) id: String,
    pub(crate) what: Deed,
    /// The release that ran before.
    pub(crate) from: Option<Id>,
    /// The release that shall run.
    pub(crate) to: Id,
    pub(crate) actor: String,
    pub(crate) run_url: Option<String>,
    pub(crate) started: String,
    /// Services that had a container before, so that a first deploy can be undone.
    pub(crate) before: Vec<String>,
    /// Paths of the dumps that were taken.
    pub(crate) dumps: Vec<String>,
    /// One-way services that get a newer image, with that image: once it has started, the older one may be
    /// unable to read the data.
    #[serde(default)]
    pub(crate) newer: IndexMap<String, String>,
    /// Services that were unhealthy before: neither the deploy nor the way back waits for them.
    #[serde(default)]
    pub(crate) unwell: Vec<String>,
    /// Databases that were restored.
    #[serde(default)]
    pub(crate) restored: Vec<Exchanged>,
}

/// A database that was restored. Earlier versions wrote it as a list of these two texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Exchanged {
    /// Its service.
    pub(crate) service: String,
    /// What keeps the data of before: a database on the same server, or a dump; empty where there was none.
    pub(crate) kept: String,
}

impl Journal {
    /// The deploy that is under way, or that was interrupted.
    pub(crate) fn load(place: &HousePlace) -> Result<Option<Self>, Error> {
        let path = place.journal();
        let Some(bytes) = files::read(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|source| Error::Journal { path, source })
    }

    pub(crate) fn save(&self, place: &HousePlace) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(self).expect("a struct of texts, which JSON can hold");
        files::write(&place.journal(), &text, 0o600)
    }

    pub(crate) fn remove(place: &HousePlace) -> Result<(), Error> {
        files::remove(&place.journal())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use homelab_core::release::plan::Action;

    use super::super::place::tests::host;
    use super::super::receipt;
    use super::super::receipt::tests::id;
    use super::*;

    #[test]
    fn what_an_earlier_version_wrote_is_read() {
        let (_folder, place) = host();
        let journal = r#"{
          "id": "20261127T120000Z-9b1e07d-42", "what": "rollback",
          "from": "52cca45c0ffe-9b1e07d3a44f", "to": "0123456789ab-fedcba987654",
          "actor": "ada", "run_url": null, "started": "2026-11-27T12:00:00Z",
          "before": ["db"], "dumps": ["/srv/homelab/dumps/x-db-app.sql.gz"],
          "newer": {}, "unwell": [], "restored": [["db", "app_before_x"]]
        }"#;
        fs::write(place.journal(), journal).expect("it is ours");
        let journal = Journal::load(&place).expect("it is read").expect("it is there");
        assert_eq!((journal.what, &journal.to), (Deed::Rollback, &id("0123456789ab-fedcba987654")));
        let exchanged = Exchanged { service: "db".to_owned(), kept: "app_before_x".to_owned() };
        assert_eq!(journal.restored, [exchanged]);
        journal.save(&place).expect("there is room");
        assert_eq!(Journal::load(&place).expect("it is read"), Some(journal));
        let line = r#"{"id":"20261127T120000Z-9b1e07d-42","what":"deploy","outcome":"rolled-back","from":null,"to":"0123456789ab","runs":null,"actor":"ada","run_url":null,"started":"2026-11-27T12:00:00Z","ended":"2026-11-27T12:01:00Z","seconds":{"staging":0.1},"images":{"db":[null,"db:2"]},"happened":{"db":"recreated"},"surprises":[],"health":{"db":"healthy"},"dumps":[],"because":"`web` is unhealthy"}"#;
        fs::write(place.receipts(), format!("{line}\n")).expect("it is ours");
        let (receipts, unread) = receipt::read(&place).expect("it is read");
        assert!(unread.is_empty() && receipts[0].happened["db"] == Action::Recreated);
        assert_eq!(serde_json::to_string(&receipts[0]).expect("a struct"), line);
    }
}
