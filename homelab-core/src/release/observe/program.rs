//! Reads which program runs, as which user, and what happens when it ends.

use serde_json::Value;

use super::json::{number, text, texts};
use super::{either, words};
use crate::compose::Service;

/// The engine's default time between the stop signal and the kill: 10 s.
const GRACE: u64 = 10;

/// Reads entry point and command. When the file sets an entry point, the image's command is
/// dropped. A list of one empty word is Compose's way to say "none, not even the image's".
pub(super) fn words(
    container: &Value,
    image: Option<&Value>,
    wanted: &Service,
) -> (Vec<String>, Vec<String>) {
    let pick = |pointer: &str, wanted: &[String], is_default_none: bool| {
        let found = texts(container, pointer);
        let expected = if !wanted.is_empty() {
            if is_none(wanted) { Vec::new() } else { wanted.to_vec() }
        } else if is_default_none {
            Vec::new()
        } else {
            image.map_or_else(|| found.clone(), |it| texts(it, pointer))
        };
        if found == expected {
            wanted.to_vec()
        } else if found.is_empty() {
            vec![String::new()]
        } else {
            found
        }
    };
    let entrypoint = pick("/Config/Entrypoint", &wanted.entrypoint, false);
    let command = pick("/Config/Cmd", &wanted.command, !entrypoint.is_empty());
    (entrypoint, command)
}

fn is_none(words: &[String]) -> bool {
    matches!(words, [it] if it.is_empty())
}

pub(super) fn user(container: &Value, image: Option<&Value>, wanted: &Service) -> Option<String> {
    let found = text(container, "/Config/User");
    let expected = match wanted.user.as_deref() {
        Some(own) if !own.is_empty() => own,
        Some(_) | None => image.map_or(found, |it| text(it, "/Config/User")),
    };
    either(wanted.user.as_ref(), found == expected, || found.to_owned())
}

pub(super) fn restart(container: &Value, wanted: &Service) -> Option<String> {
    let mut found = text(container, "/HostConfig/RestartPolicy/Name").to_owned();
    let count = number(container, "/HostConfig/RestartPolicy/MaximumRetryCount");
    if count > 0 {
        found = format!("{found}:{count}");
    }
    let meaning = |policy: &str| match policy {
        "" => "no".to_owned(),
        other => other.strip_suffix(":0").unwrap_or(other).to_owned(),
    };
    let is_same = meaning(wanted.restart.as_deref().unwrap_or_default()) == meaning(&found);
    either(wanted.restart.as_ref(), is_same, || meaning(&found))
}

pub(super) fn stop_grace_period(container: &Value, wanted: &Service) -> Option<String> {
    let found = container.pointer("/Config/StopTimeout").and_then(Value::as_u64).unwrap_or(GRACE);
    let expected = match wanted.stop_grace_period.as_deref() {
        Some(time) => words::nanoseconds(time).map(|it| it / 1_000_000_000),
        None => Some(GRACE.into()),
    };
    let is_same = expected == Some(found.into());
    either(wanted.stop_grace_period.as_ref(), is_same, || format!("{found}s"))
}
