//! Commands that run cargo: the same steps on a developer's machine and in CI.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::Context as _;

use crate::{Outcome, complain, root};

/// Every test that needs no engine. Snapshots are compared, and written only if `INSTA_UPDATE` says so.
pub(crate) fn test() -> anyhow::Result<Outcome> {
    let outcome = run(&[&["test", "--workspace", "--locked", "--no-fail-fast"]])?;
    if outcome == Outcome::Findings {
        complain(
            "help: where a snapshot changed on purpose, run `INSTA_UPDATE=always cargo xtask test`,\n      \
             then `git add -N . && git diff snapshots/`: that is what the change does",
        );
    }
    Ok(outcome)
}

/// Format, lints and docs, with warnings denied.
pub(crate) fn check() -> anyhow::Result<Outcome> {
    run(&[
        &["fmt", "--all", "--check"],
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
        &["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"],
    ])
}

/// Compares what is emitted with what Compose reads.
pub(crate) fn oracle() -> anyhow::Result<Outcome> {
    with_program("homelab-services", "oracle")
}

/// What `homelab images` makes of a real registry's answers.
pub(crate) fn registry() -> anyhow::Result<Outcome> {
    with_program("homelab-cli", "registry")
}

/// What a real Caddy makes of the routes.
pub(crate) fn proxy() -> anyhow::Result<Outcome> {
    with_program("homelab-cli", "proxy")
}

/// Tests that need somebody else's program; test and feature have one name.
fn with_program(package: &str, name: &str) -> anyhow::Result<Outcome> {
    run(&[&["test", "--locked", "-p", package, "--features", name, "--test", name]])
}

/// Measures the pipeline.
pub(crate) fn bench() -> anyhow::Result<Outcome> {
    run(&[&["bench", "--workspace", "--locked", "--bench", "pipeline"]])
}

/// The end-to-end suite: a program of its own, which takes the place of this one, so that its exit
/// code and a Ctrl-C are its own.
pub(crate) fn e2e(options: &[&str]) -> anyhow::Result<Outcome> {
    let words = ["run", "--quiet", "--locked", "--package", "homelab-e2e", "--"];
    let error = Command::new(cargo()).args(words).args(options).current_dir(root()).exec();
    Err(error).context("cannot run cargo")
}

fn cargo() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs cargo with each list of words; stops at the first that fails.
fn run(steps: &[&[&str]]) -> anyhow::Result<Outcome> {
    for words in steps {
        let status = Command::new(cargo())
            .args(*words)
            .current_dir(root())
            .env("INSTA_UPDATE", std::env::var("INSTA_UPDATE").unwrap_or_else(|_| "no".to_owned()))
            .env("RUSTDOCFLAGS", "-D warnings")
            .status()
            .context("cannot run cargo")?;
        if !status.success() {
            complain(&format!("error: `cargo {}` failed", words.join(" ")));
            return Ok(Outcome::Findings);
        }
    }
    Ok(Outcome::Fine)
}
