//! The form of secrets in a declaration's file.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::de::IntoDeserializer as _;
use serde::de::value::{Error, StrDeserializer};
use serde::{Deserialize, Deserializer, Serialize};

use super::{Secret, SecretContent};
use crate::dsl::name::{self, forever};

/// A secret as it is written.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct WrittenSecret {
    name: String,
    #[serde(deserialize_with = "content")]
    content: SecretContent,
    /// What a given secret is and where to find it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    meaning: String,
}

/// The meaning of a secret that a newer program makes.
const UNKNOWN: &str = "only a newer `homelab` knows how it is made";

/// Takes a word of a newer program for [`SecretContent::Given`]: what this one cannot make, it must
/// not invent.
fn content<'de, D: Deserializer<'de>>(from: D) -> Result<SecretContent, D::Error> {
    let word = String::deserialize(from)?;
    let known: StrDeserializer<'_, Error> = word.as_str().into_deserializer();
    Ok(SecretContent::deserialize(known).unwrap_or(SecretContent::Given))
}

impl From<Secret> for WrittenSecret {
    fn from(it: Secret) -> Self {
        let Secret { name, content, meaning } = it;
        Self { name: name.to_owned(), content, meaning: meaning.to_owned() }
    }
}

impl Secret {
    /// Makes a secret of random text whose name comes from outside; `None` when the name is
    /// invalid.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        name::fault(name).is_none().then(|| Self::random(forever(name.to_owned())))
    }
}

impl TryFrom<WrittenSecret> for Secret {
    type Error = String;

    fn try_from(it: WrittenSecret) -> Result<Self, String> {
        let WrittenSecret { name, content, meaning } = it;
        if let Some(fault) = name::fault(&name) {
            return Err(format!("`{name}` is no name of a secret: {fault}"));
        }
        let is_unknown = content == SecretContent::Given && meaning.is_empty();
        let meaning = if is_unknown { UNKNOWN } else { forever(meaning) };
        Ok(Self { name: forever(name), content, meaning })
    }
}

// Not derived, because serde would borrow fields of type `&'static str` from the text.
impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        WrittenSecret::deserialize(from)?.try_into().map_err(D::Error::custom)
    }
}
