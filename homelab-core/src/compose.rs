//! The Compose file as plain data, in its canonical (long) forms.
//!
//! Field names are the specification's:
//! <https://github.com/compose-spec/compose-spec/blob/main/spec.md>. Strings
//! stand as they do in the file: `$$` is a dollar, `${NAME}` a variable.

mod service;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::service::{
    BindOptions, Condition, Dependency, Deploy, Healthcheck, Limits, Logging, MountKind,
    PublishedPort, Resources, Service, ServiceMount,
};

/// A whole file: <https://github.com/compose-spec/compose-spec/blob/main/03-compose-file.md>.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Project name; prefixes volumes and networks.
    pub name: String,
    /// Services by name.
    pub services: IndexMap<String, Service>,
    /// Networks by key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub networks: IndexMap<String, Network>,
    /// Named volumes by key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub volumes: IndexMap<String, Volume>,
    /// Secrets by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub secrets: IndexMap<String, Secret>,
}

/// A network: <https://github.com/compose-spec/compose-spec/blob/main/06-networks.md>.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Its real name in the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Without a way out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub internal: bool,
}

/// A named volume: <https://github.com/compose-spec/compose-spec/blob/main/07-volumes.md>.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Its real name in the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A secret: <https://github.com/compose-spec/compose-spec/blob/main/09-secrets.md>.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The host file, relative to the project. Compose ignores uid, gid and mode: the file's count.
    pub file: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}
