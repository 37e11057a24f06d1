//! What images did when they ran.

mod claim;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::claim::{Agreement, Claim, Observable};
use super::ReadOnly;
use crate::dsl::units::Port;

/// Observations of images, as `cargo xtask e2e --images real` writes them to `observed.json`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    /// What each image did, by `repository@sha256:<hex>`.
    pub images: BTreeMap<String, Observation>,
}

/// What an image did in a house in which every profile was on and everything healthy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// User id of its first process when nobody says another one.
    pub user: u32,
    /// Ports that it listened on for others than itself, sorted; without datagram ports of the range
    /// from which the kernel gives ports to clients.
    pub ports: Vec<Port>,
    /// Paths that it wrote on a root that it could write, and in volumes and memory.
    pub written: BTreeSet<String>,
    /// How it did with a read-only root; absent when the file gives it none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_only: Option<ReadOnly>,
    /// Whether it has a health check of its own.
    pub ships_health: bool,
    /// Names outside of the house that it asked for.
    pub names: BTreeSet<String>,
    /// What was measured of each service that runs it.
    pub services: BTreeMap<String, Measured>,
}

/// What was measured of a service; no contract claims it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Measured {
    /// User ids of all of its processes.
    pub users: BTreeSet<u32>,
    /// Capabilities without which it did not become healthy on empty volumes.
    pub needs: BTreeSet<String>,
    /// Other capabilities of `cap_add`: it became healthy without each of them, one at a time.
    pub healthy_without: BTreeSet<String>,
    /// Memory at rest, without the part of the page cache that is not in use, in MiB.
    pub memory_at_rest: u64,
    /// The most memory at any moment since its start, with all of the page cache, in MiB.
    pub memory_peak: u64,
    /// Volumes without a name that the engine made because the image asks for them.
    pub anonymous_volumes: BTreeSet<String>,
    /// Calls of the Docker API that its socket proxy let through, without query and version.
    pub docker_calls: BTreeSet<String>,
    /// Calls of the Docker API that its socket proxy refused.
    pub refused_calls: BTreeSet<String>,
}

impl Observed {
    /// Reads the text of `observed.json`.
    ///
    /// # Errors
    ///
    /// A text that is none, with what was expected and where.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|it| it.to_string())
    }

    /// Writes the text of `observed.json`.
    pub fn text(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.expect("it is a struct with string keys, which JSON can hold") + "\n"
    }

    /// Returns what was observed of an image; another digest of its repository does not count.
    pub fn of(&self, repository: &str, digest: &str) -> Option<&Observation> {
        self.images.get(&format!("{repository}@{digest}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_survive_their_text_and_belong_to_one_digest() {
        let good = Observation {
            ports: vec![Port::new(80), Port::udp(53)],
            read_only: Some(ReadOnly::Works),
            ..Observation::default()
        };
        let images = [("example/web@sha256:a".to_owned(), good.clone())].into();
        let text = Observed { images }.text();
        let back = Observed::parse(&text).expect("it was just written");
        assert_eq!(back.text(), text);
        assert_eq!(back.of("example/web", "sha256:a"), Some(&good));
        assert_eq!(back.of("example/web", "sha256:b"), None);
        assert!(Observed::parse("[]").is_err());
    }
}
