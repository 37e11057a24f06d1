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
    /// The value, where it is known.
    pub const fn get(&self) -> Option<&T> {
        match self {
            Self::Known { value, .. } => Some(value),
            Self::Unknown => None,
        }
    }

    /// Whether nobody has looked it up.
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
    /// Those that are known.
    pub fn items(&self) -> &[T] {
        self.get().map_or(&[], Vec::as_slice)
    }
}

impl<T> Fact<Option<T>> {
    /// The value, where it is known that there is one.
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

/// How facts of one source are known: [`ran`], [`read`] or [`reported`].
#[derive(Clone, Copy, Debug)]
pub struct Evidence {
    confidence: Confidence,
    source: &'static str,
}

/// The image was run, here.
pub const fn ran(source: &'static str) -> Evidence {
    Evidence { confidence: Confidence::Ran, source }
}

/// The image's sources or its documentation say so, there.
pub const fn read(source: &'static str) -> Evidence {
    Evidence { confidence: Confidence::Read, source }
}

/// Others say so, there.
pub const fn reported(source: &'static str) -> Evidence {
    Evidence { confidence: Confidence::Reported, source }
}

impl Evidence {
    /// It is this.
    pub fn is<T>(self, value: T) -> Fact<T> {
        Fact::Known { value, confidence: self.confidence, source: self.source.to_owned() }
    }

    /// There is none.
    pub fn none<T: Default>(self) -> Fact<T> {
        self.is(T::default())
    }

    /// These are all of them.
    pub fn all<T: Into<U>, U>(self, items: impl IntoIterator<Item = T>) -> Fact<Vec<U>> {
        self.is(items.into_iter().map(Into::into).collect())
    }

    /// It is so, because of this.
    pub fn because(self, because: &str) -> Fact<Option<String>> {
        self.is(Some(because.to_owned()))
    }
}
