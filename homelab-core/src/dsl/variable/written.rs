//! The form of variables in a declaration's file.

use schemars::JsonSchema;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::{EnvVar, Fallback, Kind};
use crate::dsl::name::forever;

/// A variable as it is written.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct WrittenVariable {
    name: String,
    kind: Kind,
    meaning: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    default: Option<WrittenDefault>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum WrittenDefault {
    /// This text.
    Value(String),
    /// The value of another variable, followed by this path.
    Under(Box<WrittenVariable>, String),
}

impl From<EnvVar> for WrittenVariable {
    fn from(it: EnvVar) -> Self {
        Self {
            name: it.name().to_owned(),
            kind: it.kind(),
            meaning: it.meaning().to_owned(),
            default: match it.fallback() {
                Fallback::Required => None,
                Fallback::Value(value) => Some(WrittenDefault::Value(value.to_owned())),
                Fallback::Under(parent, path) => {
                    Some(WrittenDefault::Under(Box::new((*parent).into()), path.to_owned()))
                }
            },
        }
    }
}

impl TryFrom<WrittenVariable> for EnvVar {
    type Error = String;

    fn try_from(it: WrittenVariable) -> Result<Self, String> {
        let variable = Self::parse(forever(it.name), it.kind, forever(it.meaning))?;
        match it.default {
            None => Ok(variable),
            Some(WrittenDefault::Value(value)) => variable.with_default(forever(value)),
            Some(WrittenDefault::Under(parent, path)) => {
                let parent: &'static Self = Box::leak(Box::new(Self::try_from(*parent)?));
                variable.with_default_under(parent, forever(path))
            }
        }
    }
}

// Not derived, because serde would borrow fields of type `&'static str` from the text.
impl<'de> Deserialize<'de> for EnvVar {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        WrittenVariable::deserialize(from)?.try_into().map_err(D::Error::custom)
    }
}
