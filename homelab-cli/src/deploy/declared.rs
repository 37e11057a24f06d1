//! What two releases declare differently, and which services of a release are off.

use homelab_core::compose::{File, Service};
use homelab_core::release::diff::{self, Change};
use indexmap::IndexMap;

/// Differences between two releases that no container shows.
pub(super) fn warnings(old: &File, new: &File) -> Vec<String> {
    let mut warnings = Vec::new();
    if old.name != new.name {
        warnings.push(format!(
            "the project's name changes from `{}` to `{}`: the containers of the old one go on and hold \
             its ports, and every volume of the new one is empty",
            old.name, new.name
        ));
    }
    let when = |service: &Service| match service.profiles.as_slice() {
        [] => "always on".to_owned(),
        profiles => format!("on with `{}`", profiles.join("`, `")),
    };
    for (name, service) in &new.services {
        if let Some(before) = old.services.get(name).filter(|it| it.profiles != service.profiles) {
            warnings.push(format!("`{name}` was {}, and is {} now", when(before), when(service)));
        }
    }
    warnings
}

/// Keys of services that this program does not know: they are passed on, and nobody judges what they do.
pub(super) fn unjudged(file: &File) -> Vec<String> {
    let keys = file.services.iter().flat_map(|(name, service)| {
        let keys = service.unjudged.keys().filter_map(|key| key.as_str());
        keys.map(move |key| {
            format!(
                "`{name}` has the key `{key}`, which this program does not know: it is not judged"
            )
        })
    });
    keys.collect()
}

/// Differences between two releases, by service.
pub(super) fn changes(old: &File, new: &File) -> IndexMap<String, Vec<Change>> {
    let both = new.services.iter().filter_map(|(name, to)| {
        let changes = diff::service(old.services.get(name)?, to);
        (!changes.is_empty()).then(|| (name.clone(), changes))
    });
    both.collect()
}

/// Why services of the file do not run, by service.
pub(super) fn off(raw: &File, on: &File, profiles: &[&str]) -> IndexMap<String, String> {
    let off = raw.services.iter().filter(|it| !on.services.contains_key(it.0));
    let reason = |(name, it): (&String, &Service)| {
        let enabled =
            it.profiles.is_empty() || it.profiles.iter().any(|it| profiles.contains(&it.as_str()));
        let because = if enabled {
            "its number of containers is 0".to_owned()
        } else {
            format!("its profile `{}` is off", it.profiles.join("`, `"))
        };
        (name.clone(), because)
    };
    off.map(reason).collect()
}
