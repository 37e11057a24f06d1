//! The Docker API: who holds its socket, and what each filter lets through.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context as _, bail};

use crate::docker;
use crate::lanes::Scene;
use crate::run;

/// Calls of the Docker Engine API 1.41, one for each endpoint and method of its reference
/// (<https://docs.docker.com/reference/api/engine/version/v1.41/>); `X` is any name.
const CALLS: &str = include_str!("calls.txt");

/// What each consumer asks for, by the facts that its socket proxy's file names. `X` as above.
const CONSUMERS: [(&str, &str, &[&str]); 3] = [
    (
        "socket-proxy-caddy",
        "caddy",
        &[
            "GET /_ping",
            "HEAD /_ping",
            "GET /version",
            "GET /info",
            "GET /events",
            "GET /containers/json",
            "GET /networks",
        ],
    ),
    (
        "socket-proxy-netdata",
        "netdata",
        &[
            "GET /_ping",
            "HEAD /_ping",
            "GET /version",
            "GET /info",
            "GET /images/json",
            "GET /containers/json",
            "GET /containers/X/json",
        ],
    ),
    (
        "socket-proxy-watchtower",
        "watchtower",
        &[
            "GET /_ping",
            "HEAD /_ping",
            "GET /version",
            "GET /info",
            "GET /containers/json",
            "GET /containers/X/json",
            "GET /images/X/json",
            "POST /images/create",
            "POST /containers/create",
            "POST /containers/X/stop",
            "POST /containers/X/start",
            "POST /containers/X/rename",
            "POST /containers/X/update",
            "POST /networks/X/connect",
            "DELETE /containers/X",
            "DELETE /images/X",
        ],
    ),
];

/// The socket is in the socket proxies and nowhere else, by mount and by any other path.
pub(super) fn holders(scene: &Scene) -> anyhow::Result<String> {
    let project = scene.model.project();
    // By `test`, since a mount's entry in its folder is not that of a socket.
    let find = "find / -xdev -name '*.sock' -exec test -S {} \\; -print 2>/dev/null; \
                find /host/var/run /run -name '*.sock' -exec test -S {} \\; -print 2>/dev/null; true";
    let (mut holders, mut wrong) = (0, Vec::new());
    for container in docker::containers()? {
        let member = project.member(&container.service).context("a foreign container")?;
        let found = container.attempt_as("0:0", &["sh", "-c", find])?;
        let mut found = String::from_utf8_lossy(&found.stdout).into_owned();
        // And what the kernel mounted, whatever it is called inside.
        let mounts = std::fs::read_to_string(format!("/proc/{}/mountinfo", container.pid))?;
        found.extend(mounts.lines().filter(|it| it.contains("docker.sock")));
        let has = found.contains("docker");
        holders += usize::from(has);
        if has != member.is_socket_proxy() {
            wrong.push(format!("{}: {found:?}", container.service));
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(format!("{holders} containers hold it, all of them socket proxies"))
}

/// Every call of the API, from the consumer: its own reach the engine, all others are refused.
pub(super) fn calls(scene: &Scene) -> anyhow::Result<String> {
    let all: Vec<_> = CALLS.lines().filter(|it| !it.is_empty() && !it.starts_with('#')).collect();
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for (proxy, consumer, own) in CONSUMERS {
        for version in ["", "/v1.41"] {
            let further = own.iter().filter(|it| !all.contains(it));
            // Clients ask for `HEAD /_ping` before they know a version.
            let is_asked = |it: &&&str| version.is_empty() || !it.starts_with("HEAD");
            let asked: Vec<_> = all.iter().chain(further).filter(is_asked).collect();
            for (call, answer) in asked.iter().zip(ask(proxy, consumer, version, &asked)?) {
                tried += 1;
                // The engine names its version in every answer, the filter does not.
                let (status, engine) = answer.split_once(' ').unwrap_or((&answer, ""));
                let refused = matches!(status, "403" | "405") && engine.is_empty();
                let passed = !engine.is_empty() && status != "403";
                let as_predicted = if own.contains(call) { passed } else { refused };
                if !as_predicted {
                    wrong.push(format!("{consumer}: {version}{call} was answered `{answer}`"));
                }
            }
        }
    }
    let others = strangers(scene, &mut wrong)?;
    if !wrong.is_empty() {
        bail!("{} of {tried} are wrong\n{}", wrong.len(), wrong.join("\n"));
    }
    Ok(format!("{tried} calls, {others} strangers refused"))
}

/// Status of each call and the version of the engine that answered, asked from inside the consumer.
///
/// Calls that would change something carry an empty body and the name of nothing: the engine
/// refuses them, with its version in the answer's head, which shows that they reached it.
fn ask(proxy: &str, consumer: &str, version: &str, calls: &[&&str]) -> anyhow::Result<Vec<String>> {
    let mut script = String::new();
    for call in calls {
        let (method, path) = call.split_once(' ').context("a call is a method and a path")?;
        let path = path.replace('X', "stand-in-nothing");
        let head = if method == "HEAD" { "--head" } else { "--request" };
        let method = if method == "HEAD" { "" } else { method };
        let _ = writeln!(
            script,
            "curl -s -o /dev/null -m 2 -w '%{{http_code}} %header{{api-version}}\\n' {head} {method} \
             'http://{proxy}:2375{version}{path}' || true"
        );
    }
    let container = docker::of(consumer)?;
    let out = container.exec(&["sh", "-c", &script])?;
    let answers: Vec<_> = out.lines().map(|it| it.trim().to_owned()).collect();
    if answers.len() != calls.len() {
        bail!("{} answers to {} calls", answers.len(), calls.len());
    }
    Ok(answers)
}

/// The host has no address on their networks, and so no way to them.
fn strangers(scene: &Scene, wrong: &mut Vec<String>) -> anyhow::Result<usize> {
    let project = scene.model.project();
    let mut refused = 0;
    for (proxy, _, _) in CONSUMERS {
        let member = project.member(proxy).context("there is no such socket proxy")?;
        let container = docker::of(member.name)?;
        for address in container.addresses.values() {
            let url = format!("http://{address}:2375/_ping");
            let mut command = Command::new("curl");
            let said = run::attempt(command.args([
                "-s",
                "-m",
                "3",
                "-w",
                "%{http_code}",
                "-o",
                "/dev/null",
                &url,
            ]))?;
            if run::both(&said) == "000" {
                refused += 1;
            } else {
                wrong.push(format!("{proxy} answered the host: {}", run::both(&said)));
            }
        }
    }
    Ok(refused)
}
