//! Which versions of an image a contract is about.

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
        let is_before = |bound: &Option<String>, version: &[u64]| {
            bound.as_ref().is_some_and(|it| version < numbers(it).as_slice())
        };
        version.is_empty()
            || !is_before(&self.from, &version)
                && (self.before.is_none() || is_before(&self.before, &version))
    }
}

/// Returns the numbers that a version begins with: 3, 2 and 4 for `v3.2.4-rc1`.
fn numbers(version: &str) -> Vec<u64> {
    let version = version.strip_prefix('v').unwrap_or(version);
    let end = version.find(|it: char| !it.is_ascii_digit() && it != '.').unwrap_or(version.len());
    version[..end].split('.').map_while(|it| it.parse().ok()).collect()
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
        assert!(Tags::default().hold("1") && Tags::default().hold("99"));
    }
}
