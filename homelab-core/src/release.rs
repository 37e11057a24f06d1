//! The name of a release.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Name of a release: a commit, with a suffix where its files were not committed.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Id(String);

impl Id {
    /// Seven to 64 letters, digits and dashes: nothing that a path or a shell could take for something else.
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
    fn a_release_has_a_plain_name() {
        assert!(Id::parse("52cca45c0ffee").is_ok());
        for text in ["", "main", "../../etc", "-rf-slash", "abc def0", "abcdefg;id", "$(reboot)"] {
            assert!(Id::parse(text).is_err(), "{text}");
        }
    }
}
