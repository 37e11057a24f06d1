//! Findings: what a rule has to say, where, and what to do about it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad a finding is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Stops `gen`.
    Error,
    /// Is printed.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// What a rule found.
///
/// `message` is a lowercase fragment with the offending value in backticks and no
/// full stop; `help` is an imperative.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Id of the rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// The service or resource it is about.
    pub subject: String,
    /// `file:line` of the definition, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Finding {
    /// As a compiler prints it, without a line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}", self.severity, self.rule, self.message)?;
        match &self.place {
            Some(place) => write!(f, "\n  --> {place}")?,
            None => write!(f, "\n  --> {}", self.subject)?,
        }
        write!(f, "\n  help: {}", self.help)
    }
}

/// A finding that was accepted, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Waived {
    /// What the rule found.
    pub finding: Finding,
    /// Why that is accepted.
    pub because: String,
}

/// What all rules together have to say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Findings, errors first, then in the order of the rules and of the services.
    pub findings: Vec<Finding>,
    /// Accepted findings.
    pub waived: Vec<Waived>,
}

impl Verdict {
    /// Whether a finding stops `gen`.
    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|it| it.severity == Severity::Error)
    }
}
