//! Reports: the pages under `docs/` and the artefacts under `snapshots/`, as data and as text.
//!
//! Each is plain data gathered from a [`crate::project::Project`], and a function that
//! makes Markdown or text of it.

pub mod env_example;
pub mod exposure;
pub mod memory;
pub mod reachability;
pub mod services;
pub mod state;
mod table;
pub mod topology;

/// Profiles for people: `base` when there are none.
pub(crate) fn profile_names(profiles: &[String]) -> String {
    if profiles.is_empty() { "base".to_owned() } else { profiles.join(", ") }
}
