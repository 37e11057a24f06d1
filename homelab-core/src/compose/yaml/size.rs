//! Counts the values and bytes of a YAML text without keeping them; an alias counts each time it is
//! used.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::compose::limits::{self, Exceeded};
use crate::compose::yaml;

/// What was counted so far.
#[derive(Debug, Default)]
struct Count {
    nodes: usize,
    text: usize,
    exceeded: Option<Exceeded>,
}

/// Fails when a text is too large or too deep, or becomes so when its aliases are replaced.
pub(super) fn check(text: &str) -> Result<(), yaml::Error> {
    limits::at_most(limits::TEXT, text.len(), "bytes of text")?;
    let brackets = text.bytes().filter(|it| matches!(it, b'[' | b'{')).count();
    limits::at_most(limits::BRACKETS, brackets, "opening brackets")?;
    let mut count = Count::default();
    let walk = Walk { count: &mut count, level: 0 };
    match walk.deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(()) => Ok(()),
        Err(error) => Err(count.exceeded.map_or(yaml::Error::Syntax(error), yaml::Error::Limit)),
    }
}

/// Counts one value and the values in it.
struct Walk<'a> {
    count: &'a mut Count,
    level: usize,
}

impl Walk<'_> {
    fn add<E: Error>(self, text: &str) -> Result<(), E> {
        self.count.nodes += 1;
        self.count.text += text.len();
        let ended = limits::at_most(limits::NODES, self.count.nodes, "values")
            .and_then(|()| limits::at_most(limits::TEXT, self.count.text, "bytes of text"))
            .and_then(|()| limits::at_most(limits::LEVELS, self.level, "levels"));
        ended.map_err(|limit| {
            self.count.exceeded = Some(limit);
            E::custom(limit)
        })
    }

    const fn below(&mut self) -> Walk<'_> {
        Walk { count: self.count, level: self.level + 1 }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("plain data without tags")
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.add("")
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.add("")
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.add("")
    }

    fn visit_i128<E: Error>(self, _: i128) -> Result<(), E> {
        self.add("")
    }

    fn visit_u128<E: Error>(self, _: u128) -> Result<(), E> {
        self.add("")
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.add("")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.add("")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.add(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self.below())?.is_some() {}
        self.add("")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(self.below())?.is_some() {
            map.next_value_seed(self.below())?;
        }
        self.add("")
    }
}
