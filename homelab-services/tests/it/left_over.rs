//! No snapshot is left of what there is no longer.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// Fails when a folder has other snapshots than those of these names; when snapshots are accepted, it
/// removes them.
#[track_caller]
pub(crate) fn assert_none<'a>(folder: &str, names: impl IntoIterator<Item = &'a str>) {
    let known: BTreeSet<_> = names.into_iter().collect();
    let is_snapshot = |it: &PathBuf| it.extension().is_some_and(|it| it == "snap");
    let is_known = |it: &PathBuf| {
        it.file_stem().is_some_and(|it| known.contains(it.to_string_lossy().as_ref()))
    };
    let entries = std::fs::read_dir(folder).expect("the folder of snapshots exists");
    let paths = entries.map(|it| it.expect("readable").path());
    let left_over: Vec<_> = paths.filter(|it| is_snapshot(it) && !is_known(it)).collect();
    if std::env::var("INSTA_UPDATE").is_ok_and(|it| it == "always") {
        for path in left_over {
            std::fs::remove_file(path).expect("it is ours");
        }
        return;
    }
    assert!(left_over.is_empty(), "remove {left_over:?}");
}
