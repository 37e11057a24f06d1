//! Variables in the strings of a file, and their values.

use indexmap::{IndexMap, IndexSet};

use crate::compose::interpolate;

/// Replaces variables by their values, else by their defaults, else by `$NAME`.
pub(super) fn resolved(values: &IndexMap<String, String>, text: &str) -> String {
    let mut missing = IndexSet::new();
    loop {
        let lookup = |name: &str| {
            let stand_in = missing.contains(name).then(|| format!("${name}"));
            stand_in.or_else(|| values.get(name).cloned())
        };
        match interpolate::resolve(text, &lookup) {
            Ok(resolved) => return resolved,
            Err(interpolate::Error::Missing { name, .. }) if missing.insert(name.clone()) => {}
            Err(_) => return text.to_owned(),
        }
    }
}

/// Collects the names of the variables that these strings refer to.
pub(super) fn variables_in<'b>(strings: impl IntoIterator<Item = &'b str>) -> IndexSet<String> {
    strings.into_iter().flat_map(interpolate::variables).collect()
}
