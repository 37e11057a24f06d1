//! Reads the engine's JSON, in which a missing, a `null` and an empty value mean the same.

use indexmap::IndexMap;
use serde_json::Value;

/// Reads a text; empty when there is none.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Reads a number; zero when there is none, and for negative ones, which mean "no limit".
pub(super) fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or_default()
}

/// Reads a truth value; false when there is none.
pub(super) fn truth(value: &Value, pointer: &str) -> bool {
    value.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

/// Reads a list of objects.
pub(super) fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// Reads a list of texts.
pub(super) fn texts(value: &Value, pointer: &str) -> Vec<String> {
    list(value, pointer).filter_map(|it| Some(it.as_str()?.to_owned())).collect()
}

/// Reads the entries of an object, sorted by key.
pub(super) fn entries<'a>(value: &'a Value, pointer: &str) -> Vec<(&'a str, &'a Value)> {
    let all = value.pointer(pointer).and_then(Value::as_object).into_iter().flatten();
    let mut all: Vec<_> = all.map(|(key, it)| (key.as_str(), it)).collect();
    all.sort_by_key(|it| it.0);
    all
}

/// Reads an object of texts.
pub(super) fn pairs(value: &Value, pointer: &str) -> IndexMap<String, String> {
    let all = entries(value, pointer).into_iter();
    all.map(|(key, it)| (key.to_owned(), it.as_str().unwrap_or_default().to_owned())).collect()
}
