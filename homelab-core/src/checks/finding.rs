//! Findings: what is wrong, where, and what to do about it.

use std::fmt;
use std::panic::Location;

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
    /// Is only printed.
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
    /// Where it is defined, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
    /// How to accept it instead, or why that is not enough. Absent where there is nothing to accept
    /// it on: a network, a variable, the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<String>,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// The file, as its reader would name it.
    pub file: String,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
}

impl Place {
    /// Makes the place of a line in a file.
    pub fn line(file: String, line: usize) -> Self {
        Self { file, line: line.try_into().ok(), column: None }
    }
}

impl From<&Location<'_>> for Place {
    fn from(it: &Location<'_>) -> Self {
        Self { file: it.file().to_owned(), line: Some(it.line()), column: Some(it.column()) }
    }
}

impl fmt::Display for Place {
    /// Writes `file:line:column`, as editors and terminals open it, or as much as is known.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        [self.line, self.column].into_iter().flatten().try_for_each(|at| write!(f, ":{at}"))
    }
}

/// What to do about a finding, in the language of the author: Rust for a stack, YAML for any other
/// file.
#[derive(Clone, Debug)]
pub struct Help {
    /// The help in Rust, for a stack.
    rust: String,
    /// The help in YAML, for any other file.
    compose: String,
}

impl Help {
    /// Makes a help with one text for each language.
    pub fn new(rust: impl Into<String>, compose: impl Into<String>) -> Self {
        Self { rust: rust.into(), compose: compose.into() }
    }

    /// Returns the text for the author of a stack, or of any other file.
    pub(crate) fn of(self, is_stack: bool) -> String {
        if is_stack { self.rust } else { self.compose }
    }
}

impl From<String> for Help {
    /// Makes a help with the same text for both.
    fn from(text: String) -> Self {
        Self { rust: text.clone(), compose: text }
    }
}

impl fmt::Display for Finding {
    /// Writes the finding as a compiler would, without a line break at the end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}", self.severity, self.rule, self.message)?;
        match &self.place {
            Some(place) => write!(f, "\n  --> {place}")?,
            None => write!(f, "\n  --> {}", self.subject)?,
        }
        write!(f, "\n  help: {}", self.help)?;
        self.accept.iter().try_for_each(|it| write!(f, "\n  help: {it}"))
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

/// The result of all rules together.
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
