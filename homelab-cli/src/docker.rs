//! Docker: every call of `docker` begins here, and each has a time limit.
//!
//! What somebody exported on the host does not decide what runs, `.env` does.

pub(crate) mod seen;

use std::path::Path;
use std::process::Output;

use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

use self::seen::{Seen, text};
use crate::error::Error;
use crate::program::{Failure, Limit, Program};

/// Where Docker comes from.
const INSTALL: &str = "install Docker Engine with its Compose plugin: \
                       https://docs.docker.com/engine/install/";

/// `docker` for a call that takes or gives more than a text.
pub(crate) fn program(limit: Limit) -> Program {
    Program::new("docker", limit)
}

/// Asks `docker` something for `homelab doctor`, as the person who runs it would, with the engine of that
/// person's environment.
pub(crate) fn diagnose(words: &[&str]) -> Result<Output, Failure> {
    Program::with_environment("docker", Limit::DOCTOR).args(words).output()
}

/// Asks `docker` something, and returns whatever came of it.
pub(crate) fn attempt(words: &[&str]) -> Result<Output, Error> {
    run(words, Limit::QUESTION)
}

fn run(words: &[&str], limit: Limit) -> Result<Output, Error> {
    let output = program(limit).args(words).output();
    output.map_err(|failure| failure.of(&format!("docker {}", words.join(" ")), INSTALL))
}

/// Asks `docker` something; an exit code other than 0 is an error with the last lines it wrote.
pub(crate) fn ask(words: &[&str]) -> Result<String, Error> {
    said(words, Limit::QUESTION)
}

/// Changes something, as `docker stop` does, which takes a grace period.
pub(crate) fn change(words: &[&str]) -> Result<(), Error> {
    said(words, Limit::DEED).map(drop)
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

/// Runs `docker compose` for a project with a file that has no variables, and returns whatever came of it.
pub(crate) fn compose(
    project: &str,
    folder: &Path,
    file: &Path,
    words: &[&str],
    limit: Limit,
) -> Result<Output, Error> {
    let program = program(limit).args(["compose", "--ansi", "never", "--progress", "plain"]);
    // Not what `.env` or the folder's name may say: another project would be another house.
    let program = program.args(["--project-name", project]);
    let program = program.arg("--project-directory").arg(folder);
    // Without this Compose would look for settings of its own in `.env`.
    let program = program.args(["--env-file", "/dev/null"]);
    let output = program.arg("--file").arg(file).args(words).output();
    output.map_err(|failure| failure.of(&format!("docker compose {}", words[0]), INSTALL))
}

/// Asks for everything about a project but its networks.
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

/// The networks of a project, and those of these real names that exist.
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

/// What there is of these; one that went meanwhile, or never was, is left out.
fn inspect(words: &[&str], names: &[&str]) -> Result<Vec<Value>, Error> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let output = attempt(&[words, names].concat())?;
    let line = || format!("docker {}", words.join(" "));
    serde_json::from_slice(&output.stdout).map_err(|_| failed(&line(), &output))
}
