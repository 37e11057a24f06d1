//! The note that a deploy leaves before it touches anything, by which it can be undone or ended.

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
    /// Name of this deploy, and of its log.
    pub(crate) id: String,
    pub(crate) what: Deed,
    /// The release that ran.
    pub(crate) from: Option<Id>,
    /// The release that shall run.
    pub(crate) to: Id,
    pub(crate) actor: String,
    pub(crate) run_url: Option<String>,
    pub(crate) started: String,
    /// Services that had a container before, so that a first deploy can be undone.
    pub(crate) before: Vec<String>,
    /// Dumps that were taken, by database.
    pub(crate) dumps: Vec<String>,
    /// One-way services and the image that each is about to get, newer than the one that it had: from
    /// its first start on, its data may be of no use to the older one.
    #[serde(default)]
    pub(crate) newer: IndexMap<String, String>,
    /// Services that were not well before: neither way has to mend them.
    #[serde(default)]
    pub(crate) unwell: Vec<String>,
    /// Databases that were put back, each with the name under which the data of before is kept.
    #[serde(default)]
    pub(crate) restored: Vec<(String, String)>,
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
