//! Which versions of an image a contract is about.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tags for which a contract holds, as a range of the version number that a tag begins with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Tags {
    /// The first version that it holds for, such as `14` or `2.3`; absent when it holds from the
    /// first one on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The first version that it no longer holds for; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

impl Tags {
    /// Makes the range from one version up to, but not including, another one.
    pub fn between(from: &str, before: &str) -> Self {
        Self { from: Some(from.to_owned()), before: Some(before.to_owned()) }
    }

    /// Makes the range from a version on.
    pub fn since(from: &str) -> Self {
        Self { from: Some(from.to_owned()), before: None }
    }

    /// Whether the contract holds for a tag. A tag without a number, such as `latest`, may be any
    /// version.
    pub fn hold(&self, tag: &str) -> bool {
        let version = numbers(tag);
        // `10` is the newest version of 10, so it is compared as far as it says something.
        let both = |bound: &[u64]| version.len().min(bound.len());
        let is_from = |bound: &Vec<u64>| version[..both(bound)] >= bound[..both(bound)];
        let is_before = |bound: &Vec<u64>| {
            let is_open = version.len() < bound.len() && bound.starts_with(&version);
            is_open || version < *bound
        };
        let bound = |text: &Option<String>| text.as_deref().map(numbers);
        bound(&self.from).iter().all(is_from) && bound(&self.before).iter().all(is_before)
    }

    /// Whether the range begins later than another one.
    pub(super) fn is_newer(&self, other: &Self) -> bool {
        let from = |tags: &Self| tags.from.as_deref().map(numbers);
        from(self) > from(other)
    }
}

impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.from, &self.before) {
            (Some(from), Some(before)) => write!(f, "{from} and later, before {before}"),
            (Some(from), None) => write!(f, "{from} and later"),
            (None, Some(before)) => write!(f, "versions before {before}"),
            (None, None) => f.write_str("every version"),
        }
    }
}

/// Whether a tag begins with a number.
pub(super) fn names_a_version(tag: &str) -> bool {
    !numbers(tag).is_empty()
}

/// Returns the numbers that a version begins with: 3, 2 and 4 for `v3.2.4-rc1`.
fn numbers(version: &str) -> Vec<u64> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let end = version.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(version.len());
    version[..end].split('.').map_while(|it| it.parse().ok()).take(8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_holds_for_its_versions() {
        let tags = Tags::between("14", "15");
        for tag in ["14", "14.2", "v14", "14-vectorchord0.4.3", "latest", "stable-alpine"] {
            assert!(tags.hold(tag), "{tag}");
        }
        for tag in ["13.9", "15", "15.0.1", "v16", "2"] {
            assert!(!tags.hold(tag), "{tag}");
        }
        assert!(Tags::between("2.3", "3").hold("2.3") && !Tags::between("2.3", "3").hold("2.2.9"));
        assert!(Tags::between("10.11", "13").hold("10") && Tags::between("10", "12.5").hold("12"));
        assert!(Tags::default().hold("1") && Tags::default().hold("99"));
    }
}
