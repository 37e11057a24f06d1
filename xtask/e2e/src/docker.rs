//! What the engine says of the containers of the house.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use homelab_stand_in::probe::{Outcome, Target};
use serde_json::Value;

use crate::run::{self, output, program};
use crate::world::SOCKET;

/// A container, as `docker inspect` shows it.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    pub(crate) service: String,
    pub(crate) id: String,
    pub(crate) status: String,
    /// `healthy`, `unhealthy`, `starting`, or nothing when there is no check.
    pub(crate) health: String,
    pub(crate) restarts: u64,
    pub(crate) started: String,
    pub(crate) pid: u64,
    /// Address on each network, by the network's real name.
    pub(crate) addresses: BTreeMap<String, String>,
    pub(crate) all: Value,
}

/// The engine's version, such as `28.2.2`.
pub(crate) fn engine_version() -> anyhow::Result<String> {
    let words = ["version", "--format", "{{.Server.Version}}"];
    Ok(output(&mut program("docker", &words))?.trim().to_owned())
}

/// The engine's major version.
pub(crate) fn engine_major() -> anyhow::Result<u32> {
    let version = engine_version()?;
    version.split('.').next().unwrap_or_default().parse().context("no version")
}

/// Asks the engine itself: whoever waits asks twice a second, and each start of Docker's command
/// line costs a tenth of a second of a core.
fn ask(path: &str) -> anyhow::Result<Value> {
    let mut stream = UnixStream::connect(SOCKET).context("the engine does not answer")?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    // Of HTTP 1.0: the answer is one piece and ends with the connection.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: docker\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the engine's answer has no head")?;
    if head.split(' ').nth(1) != Some("200") {
        bail!("the engine's answer to GET {path}: {answer}");
    }
    Ok(serde_json::from_str(body)?)
}

/// Every container of the house, running or not, by service.
pub(crate) fn containers() -> anyhow::Result<Vec<Container>> {
    let listed = ask("/containers/json?all=1")?;
    let listed = listed.as_array().context("the engine lists no containers")?;
    let project = "com.docker.compose.project";
    let ours = listed.iter().filter(|it| it["Labels"][project] == "homelab");
    let all = ours.map(|it| ask(&format!("/containers/{}/json", it["Id"].as_str().unwrap_or(""))));
    let mut containers = all.map(|it| it.map(container)).collect::<anyhow::Result<Vec<_>>>()?;
    containers.sort_by(|a, b| a.service.cmp(&b.service));
    Ok(containers)
}

/// The container of one service.
pub(crate) fn of(service: &str) -> anyhow::Result<Container> {
    let found = containers()?.into_iter().find(|it| it.service == service);
    found.with_context(|| format!("{service} has no container"))
}

fn container(all: Value) -> Container {
    let text =
        |pointer: &str| all.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |pointer: &str| all.pointer(pointer).and_then(Value::as_u64).unwrap_or_default();
    let networks = all.pointer("/NetworkSettings/Networks").and_then(Value::as_object);
    let address = |(name, it): (&String, &Value)| {
        let address = it.get("IPAddress").and_then(Value::as_str).filter(|it| !it.is_empty())?;
        Some((name.clone(), address.to_owned()))
    };
    Container {
        service: text("/Config/Labels/com.docker.compose.service"),
        id: text("/Id"),
        status: text("/State/Status"),
        health: text("/State/Health/Status"),
        restarts: number("/RestartCount"),
        started: text("/State/StartedAt"),
        pid: number("/State/Pid"),
        addresses: networks.into_iter().flatten().filter_map(address).collect(),
        all,
    }
}

impl Container {
    /// The last lines of its log, for a message.
    pub(crate) fn log(&self, lines: usize) -> String {
        let count = lines.to_string();
        let mut command = program("docker", &["logs", "--tail", &count, &self.id]);
        run::attempt(&mut command).map_or_else(|it| it.to_string(), |it| run::both(&it))
    }

    /// The longest time until the engine calls it unhealthy: its start period, then as many probes
    /// as it takes, each after its interval and at its timeout, and one that was under way.
    pub(crate) fn verdict(&self) -> anyhow::Result<Duration> {
        let check = self.all.pointer("/Config/Healthcheck").context("no health check")?;
        // Absent means Docker's defaults.
        let number = |name: &str, default: u64| {
            check.get(name).and_then(Value::as_u64).filter(|it| *it > 0).unwrap_or(default)
        };
        let nanoseconds =
            |name: &str, default: u64| Duration::from_nanos(number(name, default * 1_000_000_000));
        let retries = u32::try_from(number("Retries", 3))?;
        let probe = nanoseconds("Interval", 30) + nanoseconds("Timeout", 30);
        Ok(nanoseconds("StartPeriod", 0) + probe * (retries + 1))
    }

    /// Whether the engine probes it.
    pub(crate) fn has_health_check(&self) -> bool {
        let test = self.all.pointer("/Config/Healthcheck/Test/0").and_then(Value::as_str);
        test.is_some_and(|it| it != "NONE")
    }

    /// What its last health probe said.
    pub(crate) fn last_probe(&self) -> String {
        let log = self.all.pointer("/State/Health/Log").and_then(Value::as_array);
        let last = log.and_then(|it| it.last()).and_then(|it| it.get("Output"));
        last.and_then(Value::as_str).unwrap_or_default().trim().to_owned()
    }

    /// Runs a program in it and returns its output.
    pub(crate) fn exec(&self, words: &[&str]) -> anyhow::Result<String> {
        let mut command = program("docker", &["exec", &self.id]);
        output(command.args(words)).with_context(|| format!("in {}", self.service))
    }

    /// Runs a program in it as another user and returns whatever came of it.
    pub(crate) fn attempt_as(
        &self,
        user: &str,
        words: &[&str],
    ) -> anyhow::Result<std::process::Output> {
        let mut command = program("docker", &["exec", "--user", user, &self.id]);
        run::attempt(command.args(words))
    }

    /// Tries connections from inside it.
    pub(crate) fn probe(&self, targets: &[Target]) -> anyhow::Result<Vec<Outcome>> {
        let command = program("docker", &["exec", "--interactive", &self.id, "stand-in", "probe"]);
        probe(command, targets).with_context(|| format!("from {}", self.service))
    }
}

/// Runs a probe program and gives it the targets.
pub(crate) fn probe(
    mut command: std::process::Command,
    targets: &[Target],
) -> anyhow::Result<Vec<Outcome>> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run the probe")?;
    let mut input = child.stdin.take().context("the probe has no input")?;
    input.write_all(&serde_json::to_vec(targets)?)?;
    drop(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("the probe failed: {}", run::both(&output));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
