//! The module graph of core: rooms use only the rooms before them, and no modules use each other in a circle.
#![expect(clippy::disallowed_methods, reason = "core does no I/O, but this test reads its sources")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms in the order in which a newcomer reads them.
const ROOMS: [&str; 8] =
    ["dsl", "compose", "proxy", "lower", "model", "checks", "release", "report"];

/// Modules by the modules that they use, each as `room` or `room::module`.
type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn rooms_use_only_the_rooms_before_them() {
    let floor = |module: &str| {
        let room = module.split("::").next().unwrap_or_default();
        ROOMS.iter().position(|it| *it == room)
    };
    let graph = graph();
    for (module, used) in &graph {
        let own = floor(module).unwrap_or_else(|| panic!("`{module}` is in no room of {ROOMS:?}"));
        for other in used {
            let below = floor(other).is_some_and(|it| it <= own);
            assert!(below, "`{module}` uses `{other}`, which comes after it");
        }
    }
    let rooms: BTreeSet<_> = graph.keys().filter_map(|it| it.split("::").next()).collect();
    assert_eq!(rooms.len(), ROOMS.len(), "a room is empty: {rooms:?}");
}

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let mut graph = graph();
    // A room names its modules to list them, and they name what it holds for all of them.
    graph.retain(|module, _| module.contains("::"));
    while let Some(leaf) = {
        let is_leaf = |used: &BTreeSet<String>| used.iter().all(|it| !graph.contains_key(it));
        graph.iter().find(|(_, used)| is_leaf(used)).map(|(module, _)| module.clone())
    } {
        graph.remove(&leaf);
    }
    assert!(graph.is_empty(), "these use each other in a circle, or use such: {graph:#?}");
}

/// What the modules of core use outside of their tests.
fn graph() -> Graph {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut graph = Graph::new();
    for path in sources(&root) {
        let relative = path.strip_prefix(&root).expect("it lies below").with_extension("");
        let names: Vec<_> = relative.iter().filter_map(|it| it.to_str()).take(2).collect();
        let module = names.join("::");
        // What tests need lies beside the rooms, or in a file that is named so.
        if ["lib", "testing"].contains(&names[0]) || module.ends_with("::testing") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("it can be read");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let above = |levels: usize| {
            let names: Vec<_> = relative.iter().filter_map(|it| it.to_str()).collect();
            let kept = &names[..names.len().saturating_sub(levels)];
            kept.iter().fold("crate::".to_owned(), |path, it| path + it + "::")
        };
        let code = code.replace("super::super::", &above(2)).replace("super::", &above(1));
        let used = graph.entry(module.clone()).or_default();
        used.extend(code.lines().flat_map(uses));
        used.remove(&module);
    }
    graph
}

/// The modules that a line of code names: `crate::dsl::text::Text` is `dsl::text`.
fn uses(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or_default();
    assert!(!code.contains("crate::{"), "name one room a line: `{line}`");
    let paths = code.split("crate::").skip(1).filter(|_| !code.contains("pub(in crate"));
    let module = |path: &str| {
        let is_name = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
        let names = path.split("::").map(|it| it.split(|c| !is_name(c)).next().unwrap_or_default());
        let names: Vec<_> = names.take_while(|it| !it.is_empty()).take(2).collect();
        names.join("::")
    };
    paths.map(module).filter(|it| !it.is_empty()).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("it is a folder");
    let paths = entries.map(|it| it.expect("it can be listed").path());
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            files.push(path);
        }
    }
    files
}
