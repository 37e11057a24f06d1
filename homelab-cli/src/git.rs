//! The checkout's commit, by asking `git`.

use std::path::Path;
use std::process::Command;

use homelab_core::release::Id;

use crate::deploy::release;
use crate::error::Error;

/// The generated files that a release consists of.
const FILES: [&str; 3] = ["compose.yaml", ".env.example", "config"];

/// Name of the release that the checkout is, and its commit.
///
/// Files that are not committed are refused unless `dirty`; then the name says so, and which ones.
pub(crate) fn release(folder: &Path, dirty: bool) -> Result<(Id, String), Error> {
    let commit = ask(folder, &["rev-parse", "--verify", "HEAD"])?;
    let changed = ask(folder, &[&["status", "--porcelain", "--"][..], &FILES].concat())?;
    if changed.is_empty() {
        return Ok((Id::parse(&commit)?, commit));
    }
    if !dirty {
        let path = changed.lines().next().and_then(|it| it.get(3..)).unwrap_or("a file");
        return Err(Error::Dirty(path.to_owned()));
    }
    let diff = ask(folder, &[&["diff", "HEAD", "--"][..], &FILES].concat())?;
    let digits = release::sha256(format!("{changed}\n{diff}").as_bytes());
    let name = format!("{}-dirty-{}", &commit[..12.min(commit.len())], &digits[..8]);
    Ok((Id::parse(&name)?, commit))
}

fn ask(folder: &Path, words: &[&str]) -> Result<String, Error> {
    let failed = |what: String| Error::Failed {
        what,
        help: "a release is named by its commit: run this in a clone of the repository".to_owned(),
    };
    let output = Command::new("git").arg("-C").arg(folder).args(words).output();
    let output = output.map_err(|it| failed(format!("cannot run `git`: {it}")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or_default();
        return Err(failed(format!("`git {}` failed: {last}", words.join(" "))));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}
