//! A fact about an image, and how it is known.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A fact about an image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fact<T> {
    /// Somebody has looked it up.
    Known {
        /// What it is.
        value: T,
        /// How it is known.
        confidence: Confidence,
        /// Where: an address, a file of the image's sources, a measurement.
        source: String,
    },
    /// Nobody has.
    #[default]
    Unknown,
}

impl<T> Fact<T> {
    /// Returns the value when it is known.
    pub const fn get(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Unknown => None,
        }
    }

    /// Whether the fact is unknown.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown)
    }

    pub(super) fn source(&self) -> Option<&str> {
        match self {
            Self::Known { source, .. } => Some(source),
            Self::Unknown => None,
        }
    }
}

impl<T> Fact<Vec<T>> {
    /// Returns the items that are known; none when the fact is unknown.
    pub fn items(&self) -> &[T] {
        self.get().map_or(&[], Vec::as_slice)
    }
}

impl<T> Fact<Option<T>> {
    /// Returns the value when it is known that there is one.
    pub fn some(&self) -> Option<&T> {
        self.get().and_then(Option::as_ref)
    }
}

/// How a fact is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The image was run and did so.
    Ran,
    /// The image's sources or its documentation say so.
    Read,
    /// Others say so.
    Reported,
}

/// Source of facts, and how it knows them; made by [`ran`], [`read`] or [`reported`].
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    confidence: Confidence,
    source: &'static str,
}

/// Names the place where the image was run and observed.
pub const fn ran(source: &'static str) -> Evidence {
    Evidence { confidence: Confidence::Ran, source }
}

/// Names the image's sources or documentation in which the facts were read.
pub const fn read(source: &'static str) -> Evidence {
    Evidence { confidence: Confidence::Read, source }
}

/// Names the place in which others report the facts.
pub const fn reported(source: &'static str) -> Evidence {
    Evidence { confidence: Confidence::Reported, source }
}

impl Evidence {
    /// States a value.
    pub fn is<T>(self, value: T) -> Fact<T> {
        Fact::Known { value, confidence: self.confidence, source: self.source.to_owned() }
    }

    /// States that there is no such thing.
    pub fn none<T: Default>(self) -> Fact<T> {
        self.is(T::default())
    }

    /// States a complete list.
    pub fn all<T: Into<U>, U>(self, items: impl IntoIterator<Item = T>) -> Fact<Vec<U>> {
        self.is(items.into_iter().map(Into::into).collect())
    }

    /// States something with its reason.
    pub fn because(self, because: &str) -> Fact<Option<String>> {
        self.is(Some(because.to_owned()))
    }
}
