//! Docker as a deploy uses it: questions by `docker inspect`, deeds by `docker compose`.
//!
//! What somebody exported on the host does not decide what runs, `.env` does.

use std::process::Output;

use homelab_core::release::Id;
use indexmap::{IndexMap, IndexSet};
use serde_json::Value;

use super::place::Place;
use super::release::RESOLVED;
use crate::error::Error;
use crate::program::{Limit, Program};

/// Where Docker comes from.
const INSTALL: &str = "install Docker Engine with its Compose plugin: \
                       https://docs.docker.com/engine/install/";

/// What the engine says of the project.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// `docker inspect` of every container of the project, one-off ones too.
    pub(crate) containers: Vec<Value>,
    /// `docker image inspect`, by image id.
    pub(crate) images: IndexMap<String, Value>,
    /// `docker network inspect`, by real name, when it was asked for.
    pub(crate) networks: IndexMap<String, Value>,
}

/// Asks `docker` something, and returns whatever came of it.
pub(crate) fn attempt(words: &[&str]) -> Result<Output, Error> {
    run(words, Limit::QUESTION)
}

fn run(words: &[&str], limit: Limit) -> Result<Output, Error> {
    let output = Program::new("docker", limit).args(words).output();
    output.map_err(|failure| failure.of(&format!("docker {}", words.join(" ")), INSTALL))
}

/// Asks `docker` something; an exit code other than 0 is an error with the last lines it wrote.
pub(crate) fn docker(words: &[&str]) -> Result<String, Error> {
    said(words, Limit::QUESTION)
}

/// The same for what changes something, such as `docker stop`, which takes a grace period.
pub(crate) fn deed(words: &[&str]) -> Result<String, Error> {
    said(words, Limit::DEED)
}

fn said(words: &[&str], limit: Limit) -> Result<String, Error> {
    let output = run(words, limit)?;
    if !output.status.success() {
        return Err(failed(&format!("docker {}", words.join(" ")), &output));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs `docker compose` and returns whatever came of it.
pub(crate) fn composed(program: Program, what: &str) -> Result<Output, Error> {
    program.output().map_err(|failure| failure.of(&format!("docker compose {what}"), INSTALL))
}

/// The error of a program that failed.
pub(super) fn failed(line: &str, output: &Output) -> Error {
    let text = [&output.stderr, &output.stdout].map(|it| String::from_utf8_lossy(it).into_owned());
    let text = text.concat();
    let lines: Vec<_> = text.lines().filter(|it| !it.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(6)..].join("\n  ");
    let line: String = line.chars().take(120).collect();
    Error::Failed { what: format!("`{line}` failed:\n  {last}"), help: String::new() }
}

/// A release for Compose.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Release<'a> {
    pub(crate) id: &'a Id,
    /// The project's name, as its file pins it.
    pub(crate) project: &'a str,
}

/// `docker compose` for a release with the values of this host.
pub(crate) fn compose(
    place: &Place,
    release: &Release<'_>,
    words: &[&str],
    limit: Limit,
) -> Program {
    let mut program = Program::new("docker", limit);
    program = program.args(["compose", "--ansi", "never", "--progress", "plain"]);
    // Not what `.env` or the folder's name may say: another project would be another house.
    program = program.args(["--project-name", release.project]);
    program = program.arg("--project-directory").arg(&place.root);
    // The file has no variable. Without this Compose would look for settings of its own in `.env`.
    program = program.args(["--env-file", "/dev/null"]);
    program = program.arg("--file").arg(place.release(release.id).join(RESOLVED));
    program.args(words)
}

/// Asks for everything about the project but its networks.
pub(crate) fn state(project: &str) -> Result<State, Error> {
    let filter = format!("label=com.docker.compose.project={project}");
    let ids = docker(&["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter])?;
    let ids: Vec<_> = ids.lines().collect();
    let containers = inspect(&["inspect", "--type", "container"], &ids)?;
    let used: IndexSet<_> = containers.iter().filter_map(|it| text(it, "/Image")).collect();
    let images = inspect(&["image", "inspect"], &used.into_iter().collect::<Vec<_>>())?;
    let images = images.into_iter().filter_map(|it| Some((text(&it, "/Id")?.to_owned(), it)));
    Ok(State { images: images.collect(), networks: IndexMap::new(), containers })
}

/// The networks of the project, and those of these real names that exist.
pub(crate) fn networks(project: &str, names: &[&str]) -> Result<IndexMap<String, Value>, Error> {
    let filter = format!("label=com.docker.compose.project={project}");
    let own = docker(&["network", "ls", "--filter", &filter, "--format", "{{.Name}}"])?;
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

/// A text in an answer of the engine.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|it| !it.is_empty())
}

/// A label of a container.
pub(crate) fn label<'a>(container: &'a Value, name: &str) -> Option<&'a str> {
    container.pointer("/Config/Labels")?.get(name)?.as_str()
}

/// The service of a container, unless it is a one-off of `docker compose run`.
pub(crate) fn service(container: &Value) -> Option<&str> {
    let is_one_off = label(container, "com.docker.compose.oneoff") == Some("True");
    label(container, "com.docker.compose.service").filter(|_| !is_one_off)
}

impl State {
    /// The containers of one service.
    pub(crate) fn of(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.containers.iter().filter(move |it| service(it) == Some(name))
    }

    /// Containers by service: identity and start, by which one can tell what happened to them.
    pub(crate) fn marks(&self) -> IndexMap<String, (String, String)> {
        let mark = |it: &Value| {
            let started = text(it, "/State/StartedAt").unwrap_or_default();
            Some((service(it)?.to_owned(), (text(it, "/Id")?.to_owned(), started.to_owned())))
        };
        self.containers.iter().filter_map(mark).collect()
    }
}

/// How a container is: `healthy`, `unhealthy`, `starting`, or what it does when it has no check.
pub(crate) fn health(container: &Value) -> &str {
    let status = text(container, "/State/Status").unwrap_or("unknown");
    match text(container, "/State/Health/Status") {
        Some(health) if status == "running" && health != "none" => health,
        _ => status,
    }
}
