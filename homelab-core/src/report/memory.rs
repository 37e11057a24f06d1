//! Memory of every set of profiles against the host's.

use std::fmt::Write as _;

use super::table;
use crate::budget::{self, Need};
use crate::project::Project;

/// The need of every set of profiles; empty for a project without a host.
pub fn gather(project: &Project<'_>) -> Vec<Need> {
    budget::needs(project)
}

/// The page.
pub fn markdown(project: &Project<'_>, needs: &[Need]) -> String {
    let mut out =
        "# Memory\n\nSums of the limits, which are ceilings and not reservations.\n".to_owned();
    if let Some(site) = project.stack().map(crate::stack::Stack::site) {
        let _ = writeln!(
            out,
            "The host has {}; {} of it are kept for the operating system, the engine and the page cache.",
            site.memory, site.reserve
        );
    }
    let row = |it: &Need| {
        let profiles =
            if it.profiles.is_empty() { "base alone".to_owned() } else { it.profiles.join(", ") };
        let fits = if it.fits { "yes" } else { "**no**" };
        vec![profiles, it.total.to_string(), it.spare.to_string(), fits.to_owned()]
    };
    let rows: Vec<_> = needs.iter().map(row).collect();
    let _ = write!(out, "\n{}", table::render(&["Profiles", "Needs", "Spare", "Fits"], &rows));
    out
}
