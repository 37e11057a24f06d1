//! Positions in a list by name.

use indexmap::IndexMap;

/// Positions in a list by name, so that no rule has to search the list for each service.
pub(super) type Positions = IndexMap<String, Vec<usize>>;

/// Collects the positions of the entries of a list under each of their names.
pub(super) fn by_name<'b, N: IntoIterator<Item = &'b String>>(
    entries: impl Iterator<Item = N>,
) -> Positions {
    let mut positions = Positions::new();
    for (at, names) in entries.enumerate() {
        for name in names {
            let known = positions.entry(name.clone()).or_default();
            if known.last() != Some(&at) {
                known.push(at);
            }
        }
    }
    positions
}
