//! `cargo xtask accept`: rewrites generated files and snapshots, so that they expect what the code
//! does now.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process;
use std::time::SystemTime;

use anyhow::{Context as _, bail};
use homelab_core::dsl::house::House;

use crate::steps::{cargo, tests};
use crate::{Outcome, complain, generate, say};

/// Generates files, runs every test with snapshots rewritten, and lists the files that changed.
pub(crate) fn run(house: &House, root: &Path) -> anyhow::Result<Outcome> {
    let outcome = generate::write(house, root)?;
    if outcome != Outcome::Fine {
        return Ok(outcome);
    }
    let (before, start) = (files(root, "snap")?, SystemTime::now());
    let outcome = tests(root, &[("INSTA_UPDATE", "always"), ("INSTA_FORCE_PASS", "1")])?;
    accept_inline(root)?;
    let after = files(root, "snap")?;
    let changed = after.union(&files(root, "rs")?).try_fold(Vec::new(), |mut changed, path| {
        let modified = path.metadata().and_then(|it| it.modified());
        if modified.with_context(|| format!("cannot read `{}`", path.display()))? >= start {
            changed.push(path.clone());
        }
        anyhow::Ok(changed)
    })?;
    let name = |path: &Path| path.strip_prefix(root).unwrap_or(path).display().to_string();
    for path in before.difference(&after) {
        say(&format!("removed {}", name(path)));
    }
    for path in &changed {
        say(&format!("accepted {}", name(path)));
    }
    if outcome == Outcome::Fine {
        complain("`git add -N . && git diff` shows what the change does");
    } else {
        complain(
            "help: a test that still fails compares no snapshot, so the test or the change is wrong",
        );
    }
    Ok(outcome)
}

/// Only insta's own command rewrites a snapshot in the source of a test; the test itself leaves a
/// note.
fn accept_inline(root: &Path) -> anyhow::Result<()> {
    let pending = files(root, "pending-snap")?;
    if pending.is_empty() {
        return Ok(());
    }
    let status =
        process::Command::new(cargo()).args(["insta", "accept"]).current_dir(root).status();
    if !status.context("cannot run cargo")?.success() {
        let names: Vec<_> = pending.iter().map(|it| format!("  {}", it.display())).collect();
        bail!(
            "snapshots in the source of tests changed, and `cargo insta accept` did not take them:\n{}\n\
             help: `cargo install cargo-insta --locked`, then `cargo xtask accept` again",
            names.join("\n")
        );
    }
    Ok(())
}

/// Returns the files with this extension, except those in `.git` and in folders of what is built.
fn files(root: &Path, extension: &str) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder);
        for entry in entries.with_context(|| format!("cannot list `{}`", folder.display()))? {
            let path = entry?.path();
            let is = |it: &str| path.file_name().is_some_and(|name| name == it);
            if path.is_dir() && !path.is_symlink() {
                let is_built = is("target") || path.join("CACHEDIR.TAG").exists();
                folders.extend((!is_built && !is(".git")).then_some(path));
            } else if path.extension().is_some_and(|it| it == extension) {
                found.insert(path);
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_is_not_looked_at() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["a.snap", "sub/b.snap", "sub/c.rs", "target/d.snap", ".git/e.snap"] {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().expect("it is below the folder")).expect("ours");
            std::fs::write(path, "").expect("writable");
        }
        let found = files(folder.path(), "snap").expect("readable");
        let expected = ["a.snap", "sub/b.snap"].map(|it| folder.path().join(it));
        assert_eq!(found, BTreeSet::from(expected));
    }
}
