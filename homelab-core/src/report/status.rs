//! The status of a host: what runs, and whether it is still what was deployed.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::receipt::Receipt;
use crate::checks::finding::Finding;
use crate::release::Id;

/// The house as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Status {
    /// The release that runs; `None` when nothing is deployed, or nobody can tell what.
    pub release: Option<Id>,
    /// The commit that it was made from.
    pub commit: Option<String>,
    /// Whether what runs is not what was deployed, or nobody can tell.
    pub drift: bool,
    /// What to do, when the last deploy left the house broken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// What is not as it should be, errors first.
    pub findings: Vec<Finding>,
    /// Health by service; `None` when the engine could not be asked.
    pub health: Option<IndexMap<String, String>>,
    /// Releases that one can go back to, the newest first.
    pub kept: Vec<Id>,
    /// The last deploy.
    pub last: Option<Receipt>,
}
