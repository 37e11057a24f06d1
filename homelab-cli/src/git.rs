//! The checkout's commit, by asking `git`.

use std::fmt::Write as _;
use std::path::Path;

use homelab_core::release::Id;
use indexmap::IndexMap;

use crate::deploy::release;
use crate::error::Error;
use crate::program::{Limit, Program};

/// The generated files that a release consists of.
const FILES: [&str; 3] = ["compose.yaml", ".env.example", "config"];

/// Name of the release that the checkout is, and its commit.
///
/// Files that are not committed are refused unless `dirty`; then the name says so, and which ones.
///
/// `contents` are the files as they are, which make the name of a release that is in no commit.
pub(crate) fn release(
    folder: &Path,
    dirty: bool,
    contents: &IndexMap<String, Vec<u8>>,
) -> Result<(Id, String), Error> {
    let commit = ask(folder, &["rev-parse", "--verify", "HEAD"])?;
    // Files that Git ignores would travel, too.
    let all = ["status", "--porcelain", "--untracked-files=all", "--ignored", "--"];
    let changed = ask(folder, &[&all[..], &FILES].concat())?;
    if changed.is_empty() {
        return Ok((Id::parse(&commit)?, commit));
    }
    if !dirty {
        let path = changed.lines().next().and_then(|it| it.get(3..)).unwrap_or("a file");
        return Err(Error::Dirty(path.to_owned()));
    }
    let mut hashes = String::new();
    for (path, bytes) in contents {
        let _ = writeln!(hashes, "{path} {}", release::sha256(bytes));
    }
    let digits = release::sha256(hashes.as_bytes());
    let name = format!("{}-dirty-{}", &commit[..12.min(commit.len())], &digits[..8]);
    Ok((Id::parse(&name)?, commit))
}

fn ask(folder: &Path, words: &[&str]) -> Result<String, Error> {
    let failed = |what: String| Error::Failed {
        what,
        help: "a release is named by its commit: run this in a clone of the repository".to_owned(),
    };
    let program = Program::as_user("git", Limit::QUESTION).arg("-C").arg(folder).args(words);
    let output = program.output().map_err(|failure| failure.of("git", "install `git`"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or_default();
        return Err(failed(format!("`git {}` failed: {last}", words.join(" "))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
