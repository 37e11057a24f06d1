//! `cargo xtask gen`: runs the rules, then writes every generated file or compares it.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use homelab_core::checks;
use homelab_core::checks::finding::Verdict;
use homelab_core::dsl::house::House;
use homelab_core::dsl::image::CONTEXTS;
use homelab_core::model::project::Project;
use similar::TextDiff;

use crate::artefacts::{self, Artefact};
use crate::files;
use crate::{Outcome, complain, say};

/// Writes the files that have changed. It touches nothing when a rule finds an error or a file
/// cannot be written.
pub(crate) fn write(house: &House, root: &Path) -> anyhow::Result<Outcome> {
    let Some(artefacts) = sound(house, root)? else { return Ok(Outcome::Findings) };
    let changed = write_below(root, &artefacts)?;
    let orphans = orphans(root, &artefacts, &house.header())?;
    for path in &orphans {
        std::fs::remove_file(path)
            .with_context(|| format!("cannot remove `{}`", path.display()))?;
        say(&format!("removed {}", path.strip_prefix(root).unwrap_or(path).display()));
    }
    for path in &changed {
        say(&format!("wrote {path}"));
    }
    if changed.is_empty() && orphans.is_empty() {
        say(&format!("{} files are up to date", artefacts.len()));
    }
    Ok(Outcome::Fine)
}

/// Compares the files and writes nothing; prints a diff and the command to run when one is out of
/// date.
pub(crate) fn check(house: &House, root: &Path) -> anyhow::Result<Outcome> {
    let Some(artefacts) = sound(house, root)? else { return Ok(Outcome::Findings) };
    let stale = stale_below(root, &artefacts, &house.header())?;
    if stale.is_empty() {
        say(&format!("{} files are up to date", artefacts.len()));
        return Ok(Outcome::Fine);
    }
    for (path, diff) in &stale {
        if !diff.is_empty() {
            say(diff);
        }
        complain(&format!("out of date: {path}"));
    }
    complain("help: run `cargo xtask gen` and commit what it changes");
    Ok(Outcome::Stale)
}

/// Returns the artefacts of a stack; prints the findings and returns `None` when a rule finds an
/// error.
fn sound(house: &House, root: &Path) -> anyhow::Result<Option<Vec<Artefact>>> {
    let project = Project::from_stack(&house.stack);
    let verdict = checks::check(&project);
    print(&verdict);
    if verdict.has_errors() {
        complain("nothing was written");
        return Ok(None);
    }
    let artefacts = artefacts::all(house, &project);
    let missing = files::missing(house, &project, &artefacts, root);
    if !missing.is_empty() {
        for message in &missing {
            complain(message);
        }
        complain("nothing was written");
        return Ok(None);
    }
    let mut seen = BTreeSet::new();
    if let Some(twice) = artefacts.iter().find(|it| !seen.insert(&it.path)) {
        bail!(
            "two generated files have the path `{}`: give one of what makes them, such as an image that the house \
             builds, another name",
            twice.path
        );
    }
    Ok(Some(artefacts))
}

fn print(verdict: &Verdict) {
    for finding in &verdict.findings {
        complain(&format!("{finding}\n"));
    }
    for waived in &verdict.waived {
        let finding = &waived.finding;
        complain(&format!(
            "accepted[{}] on `{}`: {}",
            finding.rule, finding.subject, waived.because
        ));
    }
}

/// Stages every changed file next to its place, then renames them all; returns their paths.
fn write_below(root: &Path, artefacts: &[Artefact]) -> anyhow::Result<Vec<String>> {
    let mut staged = Vec::new();
    for artefact in artefacts {
        let path = root.join(&artefact.path);
        if path.is_dir() {
            bail!("cannot write `{}`: it is a folder; move it away", artefact.path);
        }
        if read(&path)?.as_deref() == Some(&artefact.text) {
            continue;
        }
        let folder = path.parent().unwrap_or(root);
        let stage = || -> std::io::Result<tempfile::NamedTempFile> {
            std::fs::create_dir_all(folder)?;
            let mut file = tempfile::Builder::new()
                .prefix(".gen-")
                .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
                .tempfile_in(folder)?;
            file.write_all(artefact.text.as_bytes())?;
            file.as_file().sync_all()?;
            Ok(file)
        };
        let file = stage().with_context(|| format!("cannot write `{}`", artefact.path))?;
        staged.push((file, path, artefact.path.clone()));
    }
    let mut written = Vec::new();
    for (file, path, name) in staged {
        file.persist(&path).with_context(|| format!("cannot replace `{name}`"))?;
        written.push(name);
    }
    Ok(written)
}

/// Returns path and diff of every file that is missing, different or no longer generated.
fn stale_below(
    root: &Path,
    artefacts: &[Artefact],
    header: &str,
) -> anyhow::Result<Vec<(String, String)>> {
    let mut stale = Vec::new();
    for artefact in artefacts {
        let current = read(&root.join(&artefact.path))?.unwrap_or_default();
        if current != artefact.text {
            let diff = TextDiff::from_lines(&current, &artefact.text);
            let (old, new) = (format!("a/{}", artefact.path), format!("b/{}", artefact.path));
            let diff = diff.unified_diff().header(&old, &new).to_string();
            stale.push((artefact.path.clone(), diff));
        }
    }
    for path in orphans(root, artefacts, header)? {
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        stale.push((format!("{name} (no longer generated)"), String::new()));
    }
    Ok(stale)
}

/// Returns files that were generated once but are not any more; files that somebody else put there
/// stay.
fn orphans(root: &Path, artefacts: &[Artefact], header: &str) -> anyhow::Result<Vec<PathBuf>> {
    let known: BTreeSet<_> = artefacts.iter().map(|it| root.join(&it.path)).collect();
    let mut found = Vec::new();
    let mut folders: Vec<_> = artefacts::FOLDERS.iter().map(|it| root.join(it)).collect();
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                let message = format!("cannot list `{}`", folder.display());
                return Err(error).context(message);
            }
        };
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if !known.contains(&path)
                // Each file there changes an image.
                && (path.starts_with(root.join(CONTEXTS)) || is_generated(&path, header)?)
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Whether a file says that it was generated.
fn is_generated(path: &Path, header: &str) -> anyhow::Result<bool> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).contains(header))
}

/// Returns the text of a file; `None` when there is no file.
fn read(path: &Path) -> anyhow::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read `{}`", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use homelab_core::dsl::house::ConfigFile;
    use homelab_core::prelude::{ContextFile, Health, Image, Memory, Service, ServiceName};
    use homelab_core::testing::house;

    use super::*;

    fn artefact(path: &str, text: &str) -> Artefact {
        Artefact { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn an_empty_folder_is_stale_until_it_is_written() {
        let mut house = house();
        let text = format!("# {}\n", house.header());
        house.files = vec![ConfigFile { path: "config/web/a.yml", text }];
        let context = &[ContextFile { path: "Dockerfile", text: "FROM scratch\n" }];
        let (name, probe) = (ServiceName::new("hello"), Health::command(&["CMD", "probe"]));
        let hello = Service::agent(name, Image::built("hello", context), probe);
        house.stack.add(hello.memory(Memory::mib(32).up_to(Memory::mib(64))));
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(check(&house, folder.path()).expect("readable"), Outcome::Stale);
        let entries = std::fs::read_dir(folder.path()).expect("readable").count();
        assert_eq!(entries, 0, "a check writes nothing");
        assert_eq!(write(&house, folder.path()).expect("writable"), Outcome::Fine);
        assert_eq!(check(&house, folder.path()).expect("readable"), Outcome::Fine);
        let old = format!("# {}\nx: 1\n", house.header());
        std::fs::write(folder.path().join("config/old.yml"), old).expect("writable");
        std::fs::write(folder.path().join("config/web/logo.png"), "mine").expect("writable");
        let built = folder.path().join("config/build/hello");
        std::fs::write(built.join("gone"), "of a build context").expect("writable");
        assert_eq!(check(&house, folder.path()).expect("readable"), Outcome::Stale);
        assert_eq!(write(&house, folder.path()).expect("writable"), Outcome::Fine);
        assert!(!folder.path().join("config/old.yml").exists(), "what is not generated is removed");
        assert!(folder.path().join("config/web/logo.png").exists(), "what is not ours stays");
        let left = std::fs::read_to_string(built.join("Dockerfile")).expect("it was written");
        assert_eq!((left.as_str(), built.join("gone").exists()), ("FROM scratch\n", false));
    }

    #[test]
    fn the_same_input_gives_the_same_bytes() {
        let once = sound(&house(), Path::new(".")).expect("artefacts are unique");
        assert_eq!(once, sound(&house(), Path::new(".")).expect("artefacts are unique"));
    }

    #[test]
    fn unchanged_files_are_not_touched_and_changed_ones_are_replaced() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = [artefact("a", "1\n"), artefact("sub/b", "2\n")];
        assert_eq!(write_below(folder.path(), &first).expect("writable"), ["a", "sub/b"]);
        let second = [artefact("a", "1\n"), artefact("sub/b", "3\n")];
        let stale = stale_below(folder.path(), &second, "Generated.").expect("readable");
        assert_eq!(
            stale,
            [("sub/b".to_owned(), "--- a/sub/b\n+++ b/sub/b\n@@ -1 +1 @@\n-2\n+3\n".to_owned())]
        );
        assert_eq!(write_below(folder.path(), &second).expect("writable"), ["sub/b"]);
        assert!(stale_below(folder.path(), &second, "Generated.").expect("readable").is_empty());
    }

    #[test]
    fn a_failed_run_changes_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("a"), "old\n").expect("writable");
        std::fs::write(folder.path().join("blocked"), "a file where a folder is needed")
            .expect("writable");
        let error =
            write_below(folder.path(), &[artefact("a", "new\n"), artefact("blocked/b", "x")])
                .expect_err("a file stands in the way");
        assert!(format!("{error:#}").contains("blocked/b"), "{error:#}");
        assert_eq!(std::fs::read_to_string(folder.path().join("a")).expect("readable"), "old\n");
        let names = std::fs::read_dir(folder.path()).expect("readable").count();
        assert_eq!(names, 2, "no temporary file is left");
    }

    #[test]
    fn a_file_that_is_no_longer_generated_is_stale() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let header = house().header();
        let text = format!("# {header}\n");
        let old = [artefact("config/old.yml", &text), artefact("config/mine.yml", "x\n")];
        write_below(folder.path(), &old).expect("writable");
        let stale = stale_below(folder.path(), &[], &header).expect("readable");
        assert_eq!(stale, [("config/old.yml (no longer generated)".to_owned(), String::new())]);
    }
}
