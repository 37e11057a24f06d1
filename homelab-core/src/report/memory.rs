//! Compares what sets of profiles need of memory with what the host has, also as a picture.

use std::cmp::Reverse;
use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::table;
use crate::dsl::units::{Memory, MemoryRange};
use crate::model::budget::{self, Fit, Need};
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
    /// Profiles that the host never switches on: they are in none of the sets.
    pub never: Vec<String>,
    /// The base alone, each profile alone, a small set that does not fit, if there is one, and all.
    pub sets: Vec<Need>,
    /// Why a set that does not fit is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accepted: Option<String>,
    /// The services of the last set, which takes most.
    pub services: Vec<Share>,
    /// What fits into hosts of other sizes with the same reserve.
    pub hosts: Vec<Fit>,
}

/// One set of profiles with the services that it enables; memory in MiB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OneSet {
    /// What all services may use together: the host's memory less the reserve.
    pub budget: Memory,
    /// Services that run, those with the largest limits first.
    pub services: Vec<Share>,
    /// What they take together.
    pub need: Need,
}

/// What one service takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Share {
    /// Name of the service.
    pub name: String,
    /// Its need and its limit; absent when it has no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<MemoryRange>,
}

/// Returns the needs that tell most; `None` for a project without a host.
pub fn gather(project: &Project<'_>) -> Option<AllSets> {
    let stack = project.stack()?;
    let site = stack.site();
    let sets = budget::needs(project);
    let largest = sets.last().map_or(&[][..], |need| &need.profiles);
    let largest: Vec<_> = largest.iter().map(String::as_str).collect();
    let accepts = stack.waivers.iter().find(|it| it.rule == "memory-budget");
    Some(AllSets {
        host: site.memory,
        reserve: site.reserve,
        budget: budget::available(project)?,
        never: site.never.iter().map(|profile| profile.name().to_owned()).collect(),
        services: shares(project, &largest),
        hosts: budget::fits(project),
        accepted: accepts.map(|it| it.because.to_owned()),
        sets,
    })
}

/// Returns the services and the need of one set of profiles; `None` for a project without a host.
pub fn gather_one(project: &Project<'_>, profiles: &[&str]) -> Option<OneSet> {
    let budget = budget::available(project)?;
    let need = budget::need(project, profiles, budget);
    Some(OneSet { budget, services: shares(project, profiles), need })
}

fn shares(project: &Project<'_>, profiles: &[&str]) -> Vec<Share> {
    let enabled = project.members().filter(|it| it.is_enabled_by(profiles));
    let mut services: Vec<_> = enabled
        .map(|it| Share { name: it.name.to_owned(), memory: budget::memory(project, &it) })
        .collect();
    services.sort_by_key(|it| Reverse(it.memory.map(|memory| (memory.limit(), memory.need()))));
    services
}

/// Cells of the longest bar. With the longest name of a usual house a line still fits on a phone.
const CELLS: u32 = 10;

/// Draws services as lines: name, need and limit in MiB, and a bar whose full part is the need.
pub fn picture(services: &[Share]) -> Vec<String> {
    let known = services.iter().filter_map(|it| Some((it.name.as_str(), it.memory?)));
    let width = known.clone().map(|it| it.0.chars().count()).max().unwrap_or(0);
    let largest = known.clone().map(|it| it.1.limit()).max().unwrap_or_default().as_mib().max(1);
    let cells = |memory: Memory| (memory.as_mib() * CELLS).div_ceil(largest) as usize;
    let line = |(name, memory): (&str, MemoryRange)| {
        let (need, limit) = (memory.need(), memory.limit());
        let rest = cells(limit).saturating_sub(cells(need));
        let bar = "█".repeat(cells(need)) + &"░".repeat(rest);
        format!("{name:<width$} {:>5} {:>5} {bar}", need.as_mib(), limit.as_mib())
    };
    std::iter::once(format!("{:<width$} {:>5} {:>5}", "MiB", "need", "limit"))
        .chain(known.map(line))
        .collect()
}

/// Writes the page.
pub fn markdown(all: &AllSets) -> String {
    let mut out = format!(
        "# Memory\n\n\
         Each service has a need, which it works with and which is reserved for it, and a limit, above which the kernel stops it.\n\
         Limits protect the host and may add up to more than it has.\n\
         A set of profiles fits when the needs of its services fit together while the service that may grow most takes all that its limit lets it.\n\n\
         The host has {}; {} of it are kept for the operating system, the engine and the page cache.\n\
         That leaves {} for the services.\n",
        all.host, all.reserve, all.budget
    );
    if !all.never.is_empty() {
        let _ = writeln!(out, "It never switches on `{}`.", all.never.join("`, `"));
    }
    if let Some(because) = &all.accepted {
        let _ = writeln!(out, "That a set does not fit is accepted: {because}.");
    }
    let rows: Vec<_> = all.sets.iter().map(row).collect();
    let head = ["Profiles", "Needs", "May grow", "Spare", "Fits"];
    let _ = write!(out, "\n{}", table::render(&head, &rows));
    if let Some(largest) = all.sets.last() {
        let title = match largest.profiles.as_slice() {
            [] => "The services",
            _ => "The services with all of these profiles",
        };
        let lines = picture(&all.services).join("\n");
        let _ = write!(out, "\n## {title}\n\n```text\n{lines}\n```\n");
    }
    let all_names = all.never.len() + all.sets.last().map_or(0, |need| need.profiles.len());
    let told = |set: &Vec<String>| match set.len() {
        0 => "none".to_owned(),
        len if len == all_names => "all".to_owned(),
        _ => set.join(", "),
    };
    let sets = |fit: &Fit| {
        let sets: Vec<_> = fit.sets.iter().map(told).collect();
        let sets =
            if sets.is_empty() { "not even the base".to_owned() } else { sets.join("; or ") };
        vec![fit.host.to_string(), sets]
    };
    let rows: Vec<_> = all.hosts.iter().map(sets).collect();
    let fits = table::render(&["Host", "Profiles that fit beside the base"], &rows);
    let _ = write!(out, "\n## What fits into other hosts, with the same reserve\n\n{fits}");
    out
}

fn row(need: &Need) -> Vec<String> {
    let growth = match &need.grows {
        Some(name) => format!("{} (`{name}`)", need.growth),
        None => String::new(),
    };
    let fits = if need.fits { "yes" } else { "**no**" };
    vec![
        names(&need.profiles),
        need.needs.to_string(),
        growth,
        need.spare.to_string(),
        fits.to_owned(),
    ]
}

fn names(profiles: &[String]) -> String {
    if profiles.is_empty() { "base alone".to_owned() } else { profiles.join(", ") }
}
