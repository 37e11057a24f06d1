//! Docker: every call of `docker` is made here, with a time limit.
//!
//! Calls get few of the caller's environment variables: `.env` decides what runs, not a person's shell.

pub(crate) mod seen;

use std::path::Path;
use std::process::Output;

use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

use self::seen::{Seen, text};
use crate::error::Error;
use crate::program::{Failure, Limit, Program};

/// What to do where there is no `docker`.
pub(crate) const INSTALL: &str = "install Docker Engine with its Compose plugin: \
                       https://docs.docker.com/engine/install/";

/// A call of `docker` that streams its input or output.
pub(crate) fn program(limit: Limit) -> Program {
    Program::new("docker", limit)
}

/// Asks Docker for `homelab doctor`, with the whole environment of the person who runs it, which may name
/// another engine.
pub(crate) fn diagnose(words: &[&str]) -> Result<Output, Failure> {
    Program::with_environment("docker", Limit::DOCTOR).args(words).output()
}

/// Asks Docker a question that may fail; the output says whether it did.
pub(crate) fn attempt(words: &[&str]) -> Result<Output, Error> {
    run(words, Limit::QUESTION)
}

fn run(words: &[&str], limit: Limit) -> Result<Output, Error> {
    let output = program(limit).args(words).output();
    output.map_err(|failure| failure.of(&format!("docker {}", words.join(" ")), INSTALL))
}

/// Asks Docker a question; a failure is an error with the last lines of its output.
pub(crate) fn ask(words: &[&str]) -> Result<String, Error> {
    said(words, Limit::QUESTION)
}

/// Runs a command that changes something, with a limit for stops and their grace periods.
pub(crate) fn change(words: &[&str]) -> Result<(), Error> {
    said(words, Limit::DEED).map(drop)
}

/// Builds an image.
pub(crate) fn build(words: &[&str]) -> Result<(), Error> {
    said(words, Limit::BUILD).map(drop)
}

fn said(words: &[&str], limit: Limit) -> Result<String, Error> {
    let output = run(words, limit)?;
    if !output.status.success() {
        return Err(failed(&format!("docker {}", words.join(" ")), &output));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The error of a program that failed.
pub(crate) fn failed(line: &str, output: &Output) -> Error {
    let text = [&output.stderr, &output.stdout].map(|it| String::from_utf8_lossy(it).into_owned());
    let text = text.concat();
    let lines: Vec<_> = text.lines().filter(|it| !it.trim().is_empty()).collect();
    let line: String = line.chars().take(120).collect();
    Error::Program { line, said: lines[lines.len().saturating_sub(6)..].join("\n  ") }
}

/// Runs `docker compose` for a project with a file that has no variables; the output says whether it failed.
pub(crate) fn compose(
    project: &str,
    folder: &Path,
    file: &Path,
    words: &[&str],
    limit: Limit,
) -> Result<Output, Error> {
    let program = program(limit).args(["compose", "--ansi", "never", "--progress", "plain"]);
    // Named here, so that neither `.env` nor the folder's name chooses another project.
    let program = program.args(["--project-name", project]);
    let program = program.arg("--project-directory").arg(folder);
    // Otherwise Compose would read settings of its own from `.env`.
    let program = program.args(["--env-file", "/dev/null"]);
    let output = program.arg("--file").arg(file).args(words).output();
    output.map_err(|failure| failure.of(&format!("docker compose {}", words[0]), INSTALL))
}

/// Asks for the containers of a project and their images.
pub(crate) fn see_project(project: &str) -> Result<Seen, Error> {
    let filter = format!("label=com.docker.compose.project={project}");
    let ids = ask(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter])?;
    let ids: Vec<_> = ids.lines().collect();
    let containers = inspect(&["inspect", "--type", "container"], &ids)?;
    let used: IndexSet<_> = containers.iter().filter_map(|it| text(it, "/Image")).collect();
    let images = inspect(&["image", "inspect"], &used.into_iter().collect::<Vec<_>>())?;
    let images = images.into_iter().filter_map(|it| Some((text(&it, "/Id")?.to_owned(), it)));
    Ok(Seen { images: images.collect(), networks: IndexMap::new(), containers })
}

/// Asks for the networks of a project, and for others of these names.
pub(crate) fn see_networks(
    project: &str,
    names: &[&str],
) -> Result<IndexMap<String, Value>, Error> {
    let filter = format!("label=com.docker.compose.project={project}");
    let own = ask(&["network", "ls", "--filter", &filter, "--format", "{{.Name}}"])?;
    let names: IndexSet<&str> = names.iter().copied().chain(own.lines()).collect();
    let found = inspect(&["network", "inspect"], &names.into_iter().collect::<Vec<_>>())?;
    let by_name = found.into_iter().filter_map(|it| Some((text(&it, "/Name")?.to_owned(), it)));
    Ok(by_name.collect())
}

/// Inspects these; what does not exist is left out.
fn inspect(words: &[&str], names: &[&str]) -> Result<Vec<Value>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let output = attempt(&[words, names].concat())?;
    let line = || format!("docker {}", words.join(" "));
    serde_json::from_slice(&output.stdout).map_err(|_| failed(&line(), &output))
}
