//! Compares the memory of sets of profiles with the host's.

use std::cmp::Reverse;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::table;
use crate::dsl::units::Memory;
use crate::model::budget::{self, Need};
use crate::model::project::Project;

/// The sets of profiles that tell most; memory in MiB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AllSets {
    /// The host's memory.
    pub host: Memory,
    /// What is kept of it for the operating system, the engine and the page cache.
    pub reserve: Memory,
    /// What all services may use together: the rest.
    pub budget: Memory,
    /// The base alone, each profile alone, a small set that does not fit, if there is one, and all.
    pub sets: Vec<Need>,
}

/// One set of profiles with the services that it enables; memory in MiB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OneSet {
    /// What all services may use together: the host's memory less the reserve.
    pub budget: Memory,
    /// Services that run, the largest first.
    pub services: Vec<Share>,
    /// Their sum.
    pub need: Need,
}

/// What one service may use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// Name of the service.
    pub name: String,
    /// Its limit in MiB; absent when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Memory>,
}

/// Returns the needs that tell most; `None` for a project without a host.
pub fn gather(project: &Project<'_>) -> Option<AllSets> {
    let site = project.stack()?.site();
    Some(AllSets {
        host: site.memory,
        reserve: site.reserve,
        budget: budget::available(project)?,
        sets: budget::needs(project),
    })
}

/// Returns the services and the need of one set of profiles; `None` for a project without a host.
pub fn gather_one(project: &Project<'_>, profiles: &[&str]) -> Option<OneSet> {
    let enabled = project.members().filter(|it| it.is_enabled_by(profiles));
    let mut services: Vec<_> = enabled
        .map(|it| Share { name: it.name.to_owned(), limit: budget::limit(project, &it) })
        .collect();
    services.sort_by_key(|it| Reverse(it.limit));
    let (budget, need) = (budget::available(project)?, budget::need(project, profiles)?);
    Some(OneSet { budget, services, need })
}

/// Writes the page.
pub fn markdown(all: &AllSets) -> String {
    let row = |need: &Need| {
        let profiles = if need.profiles.is_empty() {
            "base alone".to_owned()
        } else {
            need.profiles.join(", ")
        };
        let fits = if need.fits { "yes" } else { "**no**" };
        vec![profiles, need.total.to_string(), need.spare.to_string(), fits.to_owned()]
    };
    let rows: Vec<_> = all.sets.iter().map(row).collect();
    let mut out = "# Memory\n\nSums of the limits, which are ceilings and not reservations.\n\
         No set of profiles needs more than all of them.\n"
        .to_owned();
    let _ = writeln!(
        out,
        "The host has {}; {} of it are kept for the operating system, the engine and the page cache.",
        all.host, all.reserve
    );
    let _ = write!(out, "\n{}", table::render(&["Profiles", "Needs", "Spare", "Fits"], &rows));
    out
}
