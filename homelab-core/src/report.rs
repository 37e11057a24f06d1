//! Makes the pages under `docs/` and the artefacts under `snapshots/`, as data and as text.
//!
//! Each is plain data gathered from a [`crate::model::project::Project`], and where there is a page,
//! a function that makes Markdown or text of it. `homelab` prints the same data.

pub mod doctor;
pub mod env_example;
pub mod explanation;
pub mod exposure;
pub mod memory;
pub mod plan;
pub mod reachability;
pub mod receipt;
pub mod services;
pub mod state;
pub mod status;
mod table;
pub mod topology;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dsl::privilege::Waiver;

/// Something out of the ordinary, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// What.
    pub what: String,
    /// Why.
    pub because: String,
}

impl Reason {
    fn accepting(waiver: &Waiver) -> Self {
        Self::new(&format!("{} of `{}`", waiver.rule, waiver.what), waiver.because)
    }

    fn new(what: &str, because: &str) -> Self {
        Self { what: what.to_owned(), because: because.to_owned() }
    }
}

/// Writes profiles for people; none are called `base`.
pub(crate) fn profile_names(profiles: &[String]) -> String {
    if profiles.is_empty() { "base".to_owned() } else { profiles.join(", ") }
}
