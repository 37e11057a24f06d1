//! A secret of a service: <https://github.com/compose-spec/compose-spec/blob/main/05-services.md#secrets>.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// An entry of `secrets`. It is written as the key alone, and in the long form where the file in the
/// container has another name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(into = "Written")]
#[schemars(with = "Written")]
pub struct ServiceSecret {
    /// Key in the top-level `secrets`.
    pub source: String,
    /// Name of the file below `/run/secrets`, or its absolute path. Absent: the key.
    pub target: Option<String>,
}

impl ServiceSecret {
    /// Returns the path of its file in the container.
    pub fn path(&self) -> String {
        match self.target.as_ref().unwrap_or(&self.source) {
            path if path.starts_with('/') => path.clone(),
            name => format!("/run/secrets/{name}"),
        }
    }
}

impl fmt::Display for ServiceSecret {
    /// Writes `vpn-key`, or `vpn-key at /run/secrets/WIREGUARD_KEY`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        self.target.as_ref().map_or(Ok(()), |_| write!(f, " at {}", self.path()))
    }
}

/// How it is written.
#[derive(Serialize, JsonSchema)]
#[serde(untagged, deny_unknown_fields)]
enum Written {
    /// Key in the top-level `secrets`, which is also the file's name below `/run/secrets`.
    Key(String),
    /// The long form.
    Long {
        /// Key in the top-level `secrets`.
        source: String,
        /// Name of the file below `/run/secrets`, or its absolute path.
        target: String,
    },
}

impl From<ServiceSecret> for Written {
    fn from(ServiceSecret { source, target }: ServiceSecret) -> Self {
        match target {
            None => Self::Key(source),
            Some(target) => Self::Long { source, target },
        }
    }
}

impl<'de> Deserialize<'de> for ServiceSecret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Either)
    }
}

/// Reads the key alone or the long form.
struct Either;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    source: String,
    target: Option<String>,
}

impl<'de> Visitor<'de> for Either {
    type Value = ServiceSecret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a secret, or `source` and `target`")
    }

    fn visit_str<E: Error>(self, source: &str) -> Result<ServiceSecret, E> {
        Ok(ServiceSecret { source: source.to_owned(), target: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ServiceSecret, A::Error> {
        let Long { source, target } = Long::deserialize(MapAccessDeserializer::new(map))?;
        Ok(ServiceSecret { target: target.filter(|it| *it != source), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_the_shorter_is_written() {
        for (text, path, written) in [
            ("a", "/run/secrets/a", "a\n"),
            ("{source: a}", "/run/secrets/a", "a\n"),
            ("{source: a, target: a}", "/run/secrets/a", "a\n"),
            ("{source: a, target: B_C}", "/run/secrets/B_C", "source: a\ntarget: B_C\n"),
            ("{source: a, target: /etc/b}", "/etc/b", "source: a\ntarget: /etc/b\n"),
        ] {
            let secret: ServiceSecret = serde_yaml::from_str(text).expect(text);
            assert_eq!(secret.path(), path);
            assert_eq!(serde_yaml::to_string(&secret).expect("it is plain data"), written);
        }
        for text in ["7", "{target: a}", "{source: a, uid: \"0\"}"] {
            let read = serde_yaml::from_str::<ServiceSecret>(text);
            assert!(read.is_err(), "{text}: {read:?}");
        }
    }
}
