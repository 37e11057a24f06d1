//! Compares lists by element, and writes elements for people.

use super::Change;
use crate::compose::{DeviceRequest, MountKind, PublishedPort, ServiceMount, Ulimit};

/// Returns the elements that are in one list only; an element that occurs twice counts twice.
pub(super) fn elements<T: PartialEq>(
    field: &str,
    from: &[T],
    to: &[T],
    tell: fn(&T) -> String,
) -> Vec<Change> {
    let without = |these: &[T], others: &[T]| -> Vec<String> {
        let mut others: Vec<&T> = others.iter().collect();
        let mut rest = Vec::new();
        for it in these {
            match others.iter().position(|other| *other == it) {
                Some(at) => drop(others.swap_remove(at)),
                None => rest.push(tell(it)),
            }
        }
        rest
    };
    let change = |from, to| Change { field: field.to_owned(), from, to };
    let removed = without(from, to).into_iter().map(|it| change(Some(it), None));
    removed.chain(without(to, from).into_iter().map(|it| change(None, Some(it)))).collect()
}

/// Compares mounts by their path in the container.
pub(super) fn mounts(from: &[ServiceMount], to: &[ServiceMount]) -> Vec<Change> {
    let mut rest: Vec<&ServiceMount> = to.iter().collect();
    let mut changes = Vec::new();
    for it in from {
        let same = rest.iter().position(|other| other.target == it.target);
        changes.extend(mount(Some(it), same.map(|at| rest.remove(at))));
    }
    for it in rest {
        changes.extend(mount(None, Some(it)));
    }
    changes
}

fn mount(from: Option<&ServiceMount>, to: Option<&ServiceMount>) -> Vec<Change> {
    let Some(target) = from.or(to).map(|it| &it.target) else { return Vec::new() };
    let change = |field: String, from, to| (from != to).then_some(Change { field, from, to });
    let field = format!("volumes.{target}");
    let creates = |mount: Option<&ServiceMount>| {
        mount.and_then(|it| it.bind.as_ref()).map(|it| it.create_host_path.to_string())
    };
    let whole = change(field.clone(), from.map(source), to.map(source));
    // When a mount comes or goes, its source says enough.
    let option = from.is_some() && to.is_some();
    let field = format!("{field}.bind.create_host_path");
    let option = option.then(|| change(field, creates(from), creates(to))).flatten();
    whole.into_iter().chain(option).collect()
}

/// Writes `/srv/media read-only`, `volume media`.
fn source(mount: &ServiceMount) -> String {
    let ServiceMount { kind, source, target: _, read_only, bind: _ } = mount;
    let kind = match kind {
        MountKind::Volume => "volume ",
        MountKind::Bind => "",
    };
    format!("{kind}{source}{}", if *read_only { " read-only" } else { "" })
}

/// Writes `53/udp`, `127.0.0.1:8080:80/tcp`, or `any:80/tcp` for a port that the engine chooses.
pub(super) fn port(port: &PublishedPort) -> String {
    let PublishedPort { target, published, host_ip, protocol } = port;
    let host = match host_ip.as_deref() {
        Some(it) if it.contains(':') && !it.starts_with('[') => format!("[{it}]:"),
        Some(it) => format!("{it}:"),
        None => String::new(),
    };
    let published = if published.is_empty() { "any" } else { published };
    if published == target.to_string() {
        format!("{host}{target}/{protocol}")
    } else {
        format!("{host}{published}:{target}/{protocol}")
    }
}

/// Writes `nvidia all gpu`: driver, how many or which, and what for.
pub(super) fn request(request: &DeviceRequest) -> String {
    let DeviceRequest { driver, count, device_ids, capabilities } = request;
    let words: Vec<_> = driver.iter().chain(count).chain(device_ids).chain(capabilities).collect();
    words.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(" ")
}

/// Writes `1024`, or `1024 to 4096` when a process may raise its limit.
pub(super) fn ulimit(limit: Ulimit) -> String {
    let Ulimit { soft, hard } = limit;
    if soft == hard { soft.to_string() } else { format!("{soft} to {hard}") }
}

/// Joins words with spaces; puts a word into quotes when it is empty or has spaces or quotes of its
/// own.
pub(super) fn words(words: &[String]) -> Option<String> {
    let is_plain = |word: &str| {
        !word.is_empty() && !word.contains(|it: char| it.is_whitespace() || "\"'\\".contains(it))
    };
    let quoted = |it: &String| if is_plain(it) { it.clone() } else { format!("{it:?}") };
    let all: Vec<_> = words.iter().map(quoted).collect();
    (!all.is_empty()).then(|| all.join(" "))
}
