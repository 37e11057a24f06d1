//! The files of a release that its services mount: their fingerprints, and which of them changed.

use homelab_core::compose::{File, MountKind, Service};
use homelab_core::model::power;
use indexmap::IndexMap;

use super::release::Manifest;
use crate::bytes;

/// The files of a release that a service mounts, with their hashes; `raw` is the service as it was committed.
fn mounted<'a>(
    raw: &'a Service,
    manifest: &'a Manifest,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    manifest.config().filter(|(path, _)| {
        let binds = raw.volumes.iter().filter(|it| it.kind == MountKind::Bind);
        // `./config/./web` and `config/web` are the same.
        let mut sources = binds.filter_map(|it| power::real(&it.source, ""));
        let holds_it = |source: String| {
            let rest = source.strip_prefix('/').and_then(|it| path.strip_prefix(it));
            rest.is_some_and(|it| it.is_empty() || it.starts_with('/'))
        };
        sources.any(holds_it)
    })
}

/// Fingerprint of the mounted files, and of keys that nobody judges and no container shows, by service;
/// services without any are left out.
pub(super) fn stamps(raw: &File, on: &File, manifest: &Manifest) -> IndexMap<String, String> {
    let mut stamps = IndexMap::new();
    for (name, service) in raw.services.iter().filter(|it| on.services.contains_key(it.0)) {
        let files = mounted(service, manifest).map(|(path, hash)| format!("{path}\n{hash}\n"));
        let unjudged = on.services[name].unjudged.iter().map(|it| format!("{it:?}\n"));
        let parts: Vec<_> = files.chain(unjudged).collect();
        if !parts.is_empty() {
            stamps.insert(name.clone(), bytes::sha256(parts.concat().as_bytes()));
        }
    }
    stamps
}

/// Mounted files that differ on this host from the release, by service: somebody edited them, or a deploy was
/// interrupted after it wrote them.
pub(super) fn altered(
    raw: &File,
    on: &File,
    manifest: &Manifest,
    is_other: impl Fn(&str, &str) -> bool,
) -> IndexMap<String, Vec<String>> {
    let mut altered = IndexMap::new();
    for (name, service) in raw.services.iter().filter(|it| on.services.contains_key(it.0)) {
        let other = mounted(service, manifest).filter(|it| is_other(it.0, it.1));
        let other: Vec<_> = other.map(|it| it.0.to_owned()).collect();
        if !other.is_empty() {
            altered.insert(name.clone(), other);
        }
    }
    altered
}

/// Mounted files that were added, changed or removed since the old release, by service.
pub(super) fn changed(
    raw: &File,
    on: &File,
    old: Option<&Manifest>,
    new: &Manifest,
) -> IndexMap<String, Vec<String>> {
    let Some(old) = old else { return IndexMap::new() };
    let mut changed = IndexMap::new();
    for (name, service) in raw.services.iter().filter(|it| on.services.contains_key(it.0)) {
        let before: IndexMap<_, _> = mounted(service, old).collect();
        let after: IndexMap<_, _> = mounted(service, new).collect();
        let paths = after.keys().chain(before.keys().filter(|it| !after.contains_key(*it)));
        let other = paths.filter(|it| before.get(*it) != after.get(*it));
        let other: Vec<_> = other.map(|it| (*it).to_owned()).collect();
        if !other.is_empty() {
            changed.insert(name.clone(), other);
        }
    }
    changed
}
