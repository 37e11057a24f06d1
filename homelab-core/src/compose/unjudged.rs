//! Keys of a service that this program does not know: kept, passed on and reported, but not judged.
//!
//! A release may be made by a newer program than the host has. Refusing its new keys would tie both to one
//! version, and dropping them would start something else than what was committed.

use indexmap::IndexMap;
use schemars::schema_for;
use serde_yaml::{Mapping, Value};

use super::yaml::{self, Error};
use super::{File, Service};

/// Keys of a service, by the specification of today, that give power over the host or start what this
/// program cannot look at. Nobody passes them on.
pub(crate) const POWERFUL: &[&str] = &[
    "annotations",
    "blkio_config",
    "cgroup",
    "cgroup_parent",
    "configs",
    "container_name",
    "cpu_rt_period",
    "cpu_rt_runtime",
    "credential_spec",
    "develop",
    "driver_opts",
    "extends",
    "external_links",
    "gpus",
    "isolation",
    "label_file",
    "links",
    "mem_swappiness",
    "memswap_limit",
    "models",
    "oom_kill_disable",
    "oom_score_adj",
    "post_start",
    "pre_start",
    "pre_stop",
    "provider",
    "runtime",
    "scale",
    "storage_opt",
    "use_api_socket",
    "volumes_from",
];

/// Reads a Compose file as [`yaml::parse`] does, but keeps keys of services that it does not know.
///
/// # Errors
///
/// Those of [`yaml::parse`]; a key that is unknown elsewhere, such as below `volumes`, among them.
pub fn parse(text: &str) -> Result<File, Error> {
    // Also of what the strict parser refuses: a tag would else end its count.
    yaml::check(text)?;
    let strict = match yaml::parse(text) {
        Err(Error::Syntax(error)) => error,
        other => return other,
    };
    let Ok(mut value) = serde_yaml::from_str::<Value>(text) else {
        return Err(Error::Syntax(strict));
    };
    let unjudged = take(&mut value);
    if unjudged.is_empty() {
        return Err(Error::Syntax(strict));
    }
    let mut file: File = serde_yaml::from_value(value).map_err(Error::Syntax)?;
    for (name, keys) in unjudged {
        if let Some(service) = file.services.get_mut(&name) {
            service.unjudged = keys;
        }
    }
    Ok(file)
}

/// Returns a file as data, with the keys that were kept back where Compose looks for them.
///
/// # Panics
///
/// Never: the file is plain data with string keys.
pub fn data(file: &File) -> Value {
    let mut value = serde_yaml::to_value(file).expect("plain data with string keys is YAML");
    for (name, service) in &file.services {
        let entry = value.get_mut("services").and_then(|it| it.get_mut(name.as_str()));
        if let Some(Value::Mapping(entry)) = entry {
            entry.extend(service.unjudged.clone());
        }
    }
    value
}

/// Sets a property of a service: a field where there is one, so that the rules judge it, else a key
/// that is kept back.
///
/// # Errors
///
/// What the parser says when the field cannot hold the value.
pub(crate) fn set(service: &mut Service, key: &str, value: Value) -> Result<(), serde_yaml::Error> {
    if !known().any(|it| it == key) {
        service.unjudged.insert(key.into(), value);
        return Ok(());
    }
    let mut fields = serde_yaml::to_value(&*service)?;
    if let Value::Mapping(fields) = &mut fields {
        fields.insert(key.into(), value);
    }
    let changed: Service = serde_yaml::from_value(fields)?;
    *service = Service { unjudged: std::mem::take(&mut service.unjudged), ..changed };
    Ok(())
}

/// Returns the keys of a service that are fields.
pub(super) fn known() -> impl Iterator<Item = String> {
    let schema = schema_for!(Service);
    let fields = schema.get("properties").and_then(|it| it.as_object()).cloned();
    fields.into_iter().flatten().map(|it| it.0)
}

/// Takes the keys that a service does not have out of every service. One that is no key of Compose, or
/// whose value could not be written again as it was read, stays, and so is refused.
fn take(value: &mut Value) -> IndexMap<String, Mapping> {
    let known: Vec<_> = known().collect();
    let is_known = |key: &str| known.iter().any(|it| it == key);
    let mut taken = IndexMap::new();
    let Some(Value::Mapping(services)) = value.get_mut("services") else { return taken };
    for (name, service) in services.iter_mut() {
        let (Value::String(name), Value::Mapping(service)) = (name, service) else { continue };
        let (own, unjudged): (Mapping, Mapping) =
            std::mem::take(service).into_iter().partition(|(key, value)| {
                key.as_str().is_none_or(|it| is_known(it) || !is_key(it)) || is_odd(value)
            });
        *service = own;
        if !unjudged.is_empty() {
            taken.insert(name.clone(), unjudged);
        }
    }
    taken
}

/// Whether it has the form of a key of Compose, of today or of tomorrow: no merge key, no variable.
fn is_key(key: &str) -> bool {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || "_.-".contains(it);
    key.starts_with(|it: char| it.is_ascii_lowercase()) && key.chars().all(plain)
}

/// Whether something stands in it that would not be written again as it was read.
pub(super) fn is_odd(value: &Value) -> bool {
    match value {
        Value::Tagged(_) => true,
        Value::Sequence(list) => list.iter().any(is_odd),
        Value::Mapping(map) => {
            map.iter().any(|(key, value)| key.as_str().is_none_or(|it| it == "<<") || is_odd(value))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unknown_keys_of_services_are_kept() {
        let file =
            |line: &str| parse(&format!("name: h\nservices:\n  a:\n    image: b\n    {line}\n"));
        let kept = file("domainname: [x]").expect("it is kept").services["a"].unjudged.clone();
        assert_eq!(serde_yaml::to_string(&kept).expect("it was read"), "domainname:\n- x\n");
        for line in [
            "imge: c\n    volumes: 3",
            "deploy: { mode: global }",
            "? [a]\n    : b",
            "dns: !reset [a]",
            "<<: { pid: host }",
            "x-a: { <<: { b: c } }",
        ] {
            assert!(file(line).is_err(), "{line}");
        }
        let error = parse("name: h\nservises: {}\n").expect_err("the file has no such key");
        assert!(error.to_string().contains("servises"), "{error}");
    }
}
