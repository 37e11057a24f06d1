//! Commands that run cargo, with the same steps on a developer's machine and in CI.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process;

use anyhow::Context as _;

use crate::{Command, Outcome, complain};

/// Runs every test that needs no engine. Snapshots are only compared, unless `INSTA_UPDATE` says
/// otherwise.
pub(crate) fn test(root: &Path) -> anyhow::Result<Outcome> {
    let update = std::env::var("INSTA_UPDATE").unwrap_or_else(|_| "no".to_owned());
    let outcome = tests(root, &[("INSTA_UPDATE", &update)])?;
    if outcome == Outcome::Findings {
        complain(
            "help: where a snapshot changed on purpose, run `cargo xtask accept`,\n      \
             then `git add -N . && git diff snapshots/`: that is what the change does",
        );
    }
    Ok(outcome)
}

/// Runs the same tests with these variables of the environment.
pub(crate) fn tests(root: &Path, variables: &[(&str, &str)]) -> anyhow::Result<Outcome> {
    run_with(root, &[&["test", "--workspace", "--locked", "--no-fail-fast"]], variables)
}

/// Checks format, lints and docs, with warnings denied.
pub(crate) fn check(root: &Path) -> anyhow::Result<Outcome> {
    run(
        root,
        &[
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
        ],
    )
}

/// Commands that only the repository of this library has.
pub const OWN: &[Command] = &[
    Command {
        usage: "e2e [OPTIONS]",
        help: "Bring the stack up on a real engine and measure it; needs root,\n                             \
               Compose and mmdebstrap, and says what else is missing; see `e2e --help`",
        run: e2e,
    },
    Command {
        usage: "oracle",
        help: "Compare with `docker compose config`; needs Compose, no engine",
        run: |root, options| with_program(root, "homelab-services", "oracle", options),
    },
    Command {
        usage: "new-house",
        help: "Make another household by `homelab new`; needs Compose, no engine",
        run: |root, options| with_program(root, "homelab-fixture", "new", options),
    },
    Command {
        usage: "changes",
        help: "Change a copy of the house in eight ways: no test needs an edit",
        run: |root, options| with_program(root, "homelab-services", "changes", options),
    },
    Command {
        usage: "registry",
        help: "Ask a real registry for newer images; needs `docker-registry`, no engine",
        run: |root, options| with_program(root, "homelab-fixture", "registry", options),
    },
    Command {
        usage: "proxy",
        help: "Attack the routes on a real Caddy; needs Caddy 2.11, no engine",
        run: |root, options| with_program(root, "homelab-fixture", "proxy", options),
    },
    Command {
        usage: "mariadb",
        help: "Dump and restore on a real MariaDB; needs its server's programs, no engine",
        run: |root, options| {
            let words = ["test", "--locked", "-p", "homelab-cli", "--features", "mariadb", "--lib"];
            let words = [&words[..], &["deploy::dump::mariadb::"], options].concat();
            run(root, &[&words])
        },
    },
    Command {
        usage: "bench",
        help: "Measure the pipeline, next to `docker compose config`",
        run: |root, options| {
            run(
                root,
                &[&[&["bench", "--workspace", "--locked", "--bench", "pipeline"], options]
                    .concat()],
            )
        },
    },
];

/// Runs tests that need an external program; the test and the feature have the same name.
fn with_program(
    root: &Path,
    package: &str,
    name: &str,
    options: &[&str],
) -> anyhow::Result<Outcome> {
    let words = ["test", "--locked", "-p", package, "--features", name, "--test", name];
    run(root, &[&[&words, options].concat()])
}

/// Runs the end-to-end suite. It is a separate program that replaces this process, so it receives
/// Ctrl-C and sets the exit code itself.
fn e2e(root: &Path, options: &[&str]) -> anyhow::Result<Outcome> {
    let words = ["run", "--quiet", "--locked", "--package", "homelab-e2e", "--"];
    let error = process::Command::new(cargo()).args(words).args(options).current_dir(root).exec();
    Err(error).context("cannot run cargo")
}

pub(crate) fn cargo() -> OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// Runs cargo with each list of arguments; stops at the first that fails.
fn run(root: &Path, steps: &[&[&str]]) -> anyhow::Result<Outcome> {
    run_with(root, steps, &[("INSTA_UPDATE", "no"), ("RUSTDOCFLAGS", "-D warnings")])
}

fn run_with(root: &Path, steps: &[&[&str]], variables: &[(&str, &str)]) -> anyhow::Result<Outcome> {
    for words in steps {
        let mut command = process::Command::new(cargo());
        command.args(*words).current_dir(root).envs(variables.iter().copied());
        if !command.status().context("cannot run cargo")?.success() {
            complain(&format!("error: `cargo {}` failed", words.join(" ")));
            return Ok(Outcome::Findings);
        }
    }
    Ok(Outcome::Fine)
}
