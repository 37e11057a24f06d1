//! The name of a release.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name of a release; it identifies a commit and the bytes of the release's files.
///
/// `52cca45c0ffe-9b1e07d3a44f`, or `52cca45c0ffe-dirty-9b1e07d3a44f` where the files are in no commit.
/// Releases of earlier versions are named by the commit alone.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Id(String);

impl Id {
    /// Takes seven to 64 letters, digits and dashes, so that no path and no shell misreads the
    /// name.
    ///
    /// # Errors
    ///
    /// [`NoId`] for every other text.
    pub fn parse(text: &str) -> Result<Self, NoId> {
        let fine = (7..=64).contains(&text.len())
            && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '-')
            && !text.starts_with('-');
        if fine { Ok(Self(text.to_owned())) } else { Err(NoId(text.to_owned())) }
    }

    /// Makes the name from twelve digits of the commit that the files come from, and twelve of the
    /// hash of their content.
    ///
    /// # Errors
    ///
    /// [`NoId`] when commit or hash is not made of letters and digits.
    pub fn of(commit: &str, content: &str, dirty: bool) -> Result<Self, NoId> {
        let short = |text: &str| text.chars().take(12).collect::<String>();
        let between = if dirty { "-dirty-" } else { "-" };
        Self::parse(&format!("{}{between}{}", short(commit), short(content)))
    }

    /// Whether its files are in no commit.
    pub fn is_dirty(&self) -> bool {
        self.0.contains("-dirty-")
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Id {
    type Error = NoId;

    fn try_from(text: String) -> Result<Self, NoId> {
        Self::parse(&text)
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

/// A text that is no name of a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoId(pub String);

impl fmt::Display for NoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no name of a release: expected a commit", self.0)
    }
}

impl std::error::Error for NoId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_commit_and_content() {
        let id = |commit, content, dirty| Id::of(commit, content, dirty).expect("both are digits");
        let clean = id("0123456789abcdef", "fedcba9876543210", false);
        assert_eq!(clean.as_str(), "0123456789ab-fedcba987654");
        assert!(!clean.is_dirty());
        let dirty = id("0123456789abcdef", "fedcba9876543210", true);
        assert_eq!(dirty.as_str(), "0123456789ab-dirty-fedcba987654");
        assert!(dirty.is_dirty());
        assert!(Id::of("../..", "fedcba9876543210", false).is_err());
    }

    #[test]
    fn a_release_has_a_plain_name() {
        assert!(Id::parse("52cca45c0ffee").is_ok());
        for text in ["", "main", "../../etc", "-rf-slash", "abc def0", "abcdefg;id", "$(reboot)"] {
            assert!(Id::parse(text).is_err(), "{text}");
        }
    }
}
