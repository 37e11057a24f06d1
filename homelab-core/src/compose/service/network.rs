//! A network of a service: <https://github.com/compose-spec/compose-spec/blob/main/05-services.md#networks>.
//!
//! They are written as a list of keys, and as a map where one of them says more than its key.

use std::fmt;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An entry of `networks`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ServiceNetwork {
    /// Key in the top-level `networks`.
    pub key: String,
    /// Its address there; absent means that the engine chooses one.
    pub ipv4_address: Option<String>,
}

impl<T: Into<String>> From<T> for ServiceNetwork {
    /// Takes a key, and leaves the address to the engine.
    fn from(key: T) -> Self {
        Self { key: key.into(), ipv4_address: None }
    }
}

impl fmt::Display for ServiceNetwork {
    /// Writes `lan`, or `lan at 192.168.1.53`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        self.ipv4_address.as_ref().map_or(Ok(()), |it| write!(f, " at {it}"))
    }
}

/// How all of them are written.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "ServiceNetworks")]
pub(super) enum Written {
    /// Keys in the top-level `networks`.
    Keys(Vec<String>),
    /// By their keys in the top-level `networks`.
    Long(IndexMap<String, Long>),
}

/// What an entry says besides its key.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ServiceNetwork")]
pub(super) struct Long {
    /// Its address there; absent means that the engine chooses one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ipv4_address: Option<String>,
}

pub(super) fn serialize<S: Serializer>(all: &[ServiceNetwork], to: S) -> Result<S::Ok, S::Error> {
    let all = all.iter().cloned();
    let written = if all.clone().all(|it| it.ipv4_address.is_none()) {
        Written::Keys(all.map(|it| it.key).collect())
    } else {
        let long = |it: ServiceNetwork| (it.key, Long { ipv4_address: it.ipv4_address });
        Written::Long(all.map(long).collect())
    };
    written.serialize(to)
}

pub(super) fn deserialize<'de, D>(from: D) -> Result<Vec<ServiceNetwork>, D::Error>
where
    D: Deserializer<'de>,
{
    from.deserialize_any(Either)
}

/// Reads the list or the map.
struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = Vec<ServiceNetwork>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of networks, or a map from networks to addresses")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        let keys = Vec::<String>::deserialize(SeqAccessDeserializer::new(list))?;
        Ok(keys.into_iter().map(Into::into).collect())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let map: IndexMap<String, Option<Long>> =
            IndexMap::deserialize(MapAccessDeserializer::new(map))?;
        let entry = |(key, long): (String, Option<Long>)| ServiceNetwork {
            key,
            ipv4_address: long.and_then(|it| it.ipv4_address),
        };
        Ok(map.into_iter().map(entry).collect())
    }
}

#[cfg(test)]
mod tests {
    use crate::compose::Service;

    #[test]
    fn both_forms_are_read_and_the_shorter_is_written() {
        for (text, written) in [
            ("[a, b]", "[a, b]"),
            ("{a: null, b: {}}", "[a, b]"),
            ("{b: {ipv4_address: 10.0.0.2}, a: }", "{b: {ipv4_address: 10.0.0.2}, a: {}}"),
        ] {
            let read = |text: &str| {
                serde_yaml::from_str::<Service>(&format!("networks: {text}")).expect(text)
            };
            let (service, expected) =
                (read(text), serde_yaml::from_str(&format!("networks: {written}")));
            let expected: serde_yaml::Value = expected.expect(written);
            assert_eq!(serde_yaml::to_value(&service).expect("it is plain data"), expected);
        }
        for text in ["a", "[{a: b}]", "{a: {aliases: [b]}}", "{a: 10.0.0.2}"] {
            let read = serde_yaml::from_str::<Service>(&format!("networks: {text}"));
            assert!(read.is_err(), "{text}: {read:?}");
        }
    }
}
