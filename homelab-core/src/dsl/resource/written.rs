//! The form of secrets in a declaration's file.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{Secret, SecretContent};
use crate::dsl::name::{self, forever};

/// A secret as it is written.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct WrittenSecret {
    name: String,
    content: SecretContent,
}

impl From<Secret> for WrittenSecret {
    fn from(it: Secret) -> Self {
        Self { name: it.name().to_owned(), content: it.content() }
    }
}

impl Secret {
    /// Makes a secret of random text whose name comes from outside; `None` when the name is
    /// invalid.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        WrittenSecret { name: name.to_owned(), content: SecretContent::Random }.try_into().ok()
    }
}

impl TryFrom<WrittenSecret> for Secret {
    type Error = String;

    fn try_from(it: WrittenSecret) -> Result<Self, String> {
        if let Some(fault) = name::fault(&it.name) {
            return Err(format!("`{}` is no name of a secret: {fault}", it.name));
        }
        Ok(match it.content {
            SecretContent::Random => Self::random(forever(it.name)),
            SecretContent::ProxyLogin => Self::proxy_login(forever(it.name)),
        })
    }
}

// Not derived, because serde would borrow fields of type `&'static str` from the text.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        WrittenSecret::deserialize(from)?.try_into().map_err(D::Error::custom)
    }
}
