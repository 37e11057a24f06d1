//! The record of a deploy that the host keeps.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::release::Id;
use crate::release::plan::Action;

/// What a deploy did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    /// Name of the deploy and of its log below `state/`.
    pub id: String,
    /// What was asked for.
    pub what: Deed,
    /// How it ended.
    pub outcome: Outcome,
    /// The release that ran before.
    pub from: Option<Id>,
    /// The release that was to run.
    pub to: Id,
    /// The release that runs now.
    pub runs: Option<Id>,
    /// Who asked for it.
    pub actor: String,
    /// Where its log can be read, when a workflow asked for it.
    pub run_url: Option<String>,
    /// RFC 3339, UTC.
    pub started: String,
    /// RFC 3339, UTC.
    pub ended: String,
    /// Seconds of each phase.
    pub seconds: IndexMap<String, f64>,
    /// Image before and after, by service: of the services whose image changed. Of a failed deploy,
    /// only those that may have changed their data for the new image.
    pub images: IndexMap<String, (Option<String>, Option<String>)>,
    /// What happened to containers, by service. A service to which nothing happened is left out.
    pub happened: IndexMap<String, Action>,
    /// What happened to containers but was not planned, and what was planned but did not happen.
    pub surprises: Vec<String>,
    /// Health of every service at the end.
    pub health: IndexMap<String, String>,
    /// Dumps that were taken.
    pub dumps: Vec<String>,
    /// Why it did not end as asked.
    pub because: Option<String>,
    /// What to do about a house that is broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

/// What the host was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    /// Another release.
    Deploy,
    /// A release that ran before.
    Rollback,
    /// To finish one of these that was interrupted.
    Recover,
}

impl Deed {
    /// Returns its word in the data.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback => "rollback",
            Self::Recover => "recover",
        }
    }
}

/// How a deploy ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The release runs.
    Deployed,
    /// The release ran already, and nothing was touched.
    NothingToDo,
    /// Nothing was touched, because something was wrong before the deploy began.
    Refused,
    /// The release did not come up; the old one runs again.
    RolledBack,
    /// A release that is not well runs, and the program has no safe way to another one.
    Broken,
}
