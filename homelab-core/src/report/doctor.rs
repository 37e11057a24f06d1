//! What is wrong with a host, as `homelab doctor` finds it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::checks::finding::{Finding, Severity};

/// Findings about a host and about the stack with that host's values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Diagnosis {
    /// Profiles that were taken to be on; none means the base alone.
    pub profiles: Vec<String>,
    /// Errors first.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Makes the report, with errors first.
    pub fn new(profiles: Vec<String>, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|it| it.severity);
        Self { profiles, findings }
    }

    /// Counts the findings of one severity.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|it| it.severity == severity).count()
    }
}
