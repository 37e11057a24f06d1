//! Reads environment and labels, without those that come from the image or from Compose.

use indexmap::IndexMap;
use serde_json::Value;

use super::STAMP;
use super::json::{pairs, texts};
use crate::compose::Service;

type Pairs = IndexMap<String, String>;

pub(super) fn environment(container: &Value, image: Option<&Value>, wanted: &Service) -> Pairs {
    let read = |object: &Value| -> Pairs {
        let all = texts(object, "/Config/Env").into_iter();
        all.map(|line| match line.split_once('=') {
            Some((key, value)) => (key.to_owned(), value.to_owned()),
            None => (line, String::new()),
        })
        .collect()
    };
    without(read(container), image.map(read).as_ref(), &wanted.environment, |_| false)
}

pub(super) fn labels(container: &Value, image: Option<&Value>, wanted: &Service) -> Pairs {
    let read = |it: &Value| pairs(it, "/Config/Labels");
    without(read(container), image.map(read).as_ref(), &wanted.labels, is_bookkeeping)
}

/// Whether a label only says how the container was made.
fn is_bookkeeping(label: &str) -> bool {
    label == STAMP || label.starts_with("com.docker.compose.")
}

/// Returns what was found without what the image sets; `ignored` keys are returned as wanted.
fn without(
    mut found: Pairs,
    image: Option<&Pairs>,
    wanted: &Pairs,
    ignored: fn(&str) -> bool,
) -> Pairs {
    let mut res = Pairs::new();
    for (key, value) in wanted {
        let there = found.shift_remove(key);
        if ignored(key) {
            res.insert(key.clone(), value.clone());
        } else if let Some(there) = there {
            res.insert(key.clone(), there);
        }
    }
    let brought = |key: &str, value: &String| image.is_none_or(|it| it.get(key) == Some(value));
    found.retain(|key, value| !ignored(key) && !brought(key, value));
    res.extend(found);
    res
}
