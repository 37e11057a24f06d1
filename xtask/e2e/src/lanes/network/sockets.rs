//! The Docker API: who holds its socket, and what each filter lets through.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use crate::docker::{self, Container};
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
            let requests: Vec<_> = asked.iter().map(|it| request(version, it)).collect();
            for (call, answer) in asked.iter().zip(ask(proxy, consumer, &requests)?) {
                tried += 1;
                // The engine names its version in every answer, the filter does not.
                let (status, engine) = answer.split_once(' ').unwrap_or((&answer, ""));
                let passed = !engine.is_empty() && status != "403";
                let as_predicted = if own.contains(call) { passed } else { is_refused(&answer) };
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

/// Whether the filter refused it: the engine names its version in every answer.
fn is_refused(answer: &str) -> bool {
    matches!(answer.trim(), "403" | "405")
}

/// Method, path and body of a request.
type Request = (String, String, Option<String>);

/// A call of the list.
///
/// Calls that would change something carry the name of nothing, and a body that says nothing where
/// the filter reads it: the engine refuses them, with its version in the answer's head, which shows
/// that they reached it.
fn request(version: &str, call: &str) -> Request {
    let (method, path) = call.split_once(' ').unwrap_or((call, "/"));
    let path = format!("{version}{}", path.replace('X', "stand-in-nothing"));
    let is_read = method == "POST" && path.contains("/containers/");
    (method.to_owned(), path, is_read.then(|| "{}".to_owned()))
}

/// Status of each request and the version of the engine that answered, asked from inside the consumer.
fn ask(proxy: &str, consumer: &str, requests: &[Request]) -> anyhow::Result<Vec<String>> {
    let mut script = String::new();
    for request in requests {
        let told = "-o /dev/null -m 2 -w '%{http_code} %header{api-version}\\n'";
        let _ = writeln!(script, "curl -s {told} {} || true", words(proxy, request));
    }
    let container = docker::of(consumer)?;
    let out = container.exec(&["sh", "-c", &script])?;
    let answers: Vec<_> = out.lines().map(|it| it.trim().to_owned()).collect();
    if answers.len() != requests.len() {
        bail!("{} answers to {} calls", answers.len(), requests.len());
    }
    Ok(answers)
}

/// What `curl` is told, for a shell.
fn words(proxy: &str, (method, path, body): &Request) -> String {
    let method = if method == "HEAD" { "--head".to_owned() } else { format!("--request {method}") };
    let body = body.as_ref().map(|it| it.replace('\'', r"'\''"));
    let body = body.map_or_else(String::new, |it| {
        format!("--header 'Content-Type: application/json' --data '{it}' ")
    });
    format!("{method} {body}'http://{proxy}:2375{path}'")
}

/// What would create or change a container with a mount of the host that no updated service has is
/// refused, and Homer's own settings are not.
pub(super) fn bodies(scene: &Scene) -> anyhow::Result<String> {
    let (proxy, consumer) = ("socket-proxy-watchtower", "watchtower");
    let everything = || {
        run::output(&mut run::program(
            "docker",
            &["ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Image}}"],
        ))
    };
    let (before, homer) = (everything()?, docker::of("homer")?);
    let folder = scene.house.folder.join("config/homer");
    let host = |it: Value| json!({ "Image": homer.all["Config"]["Image"], "HostConfig": it });
    let mount = |source: &str| json!({ "Type": "bind", "Source": source, "Target": "/x" });
    let driver =
        json!({ "Name": "local", "Options": { "type": "none", "o": "bind", "device": "/" } });
    let volume =
        json!({ "Type": "volume", "Target": "/x", "VolumeOptions": { "DriverConfig": driver } });
    let hostile = [
        host(json!({ "Binds": ["/:/x"] })),
        host(json!({ "Binds": [format!("{}/../../secrets:/x", folder.display())] })),
        host(json!({ "Binds": [format!("{}-too:/x", folder.display())] })),
        host(json!({ "Binds": ["/var/run/docker.sock:/x"] })),
        host(json!({ "Mounts": [mount("/")] })),
        host(json!({ "Mounts": [mount(&folder.display().to_string()), mount("/etc")] })),
        host(json!({ "Mounts": [volume] })),
        host(json!({ "VolumesFrom": [docker::of("caddy")?.id] })),
        json!({ "hostconfig": { "binds": ["/:/x"] } }),
    ];
    let mut requests = Vec::new();
    for version in ["", "/v1.41", "/v1.24"] {
        for body in &hostile {
            for path in ["create".to_owned(), format!("{}/update", homer.id)] {
                let path = format!("{version}/containers/{path}");
                requests.push(("POST".to_owned(), path, Some(body.to_string())));
            }
        }
    }
    // Engines before 25 take binds also when a container starts.
    let body = json!({ "Binds": ["/:/x"] }).to_string();
    let start = format!("/v1.23/containers/{}/start", homer.id);
    requests.push(("POST".to_owned(), start, Some(body)));
    let answers = ask(proxy, consumer, &requests)?;
    let passed = requests.iter().zip(&answers).filter(|it| !is_refused(it.1));
    let passed: Vec<_> = passed.map(|it| format!("{:?} was answered `{}`", it.0, it.1)).collect();
    if !passed.is_empty() {
        bail!("{}", passed.join("\n"));
    }
    if everything()? != before || docker::of("homer")?.all["HostConfig"] != homer.all["HostConfig"]
    {
        bail!("refused requests have changed a container");
    }
    replace(proxy, consumer, &homer)?;
    if everything()? != before {
        bail!("what was created is still there");
    }
    Ok(format!("{} refused, and a second Homer was created and removed", requests.len()))
}

/// What Watchtower does to replace a container, but for the old one.
fn replace(proxy: &str, consumer: &str, old: &Container) -> anyhow::Result<()> {
    let mut body = old.all["Config"].clone();
    body["HostConfig"] = old.all["HostConfig"].clone();
    let create = ("POST".to_owned(), "/v1.41/containers/create".to_owned(), Some(body.to_string()));
    let script = format!("curl -s -m 10 {}", words(proxy, &create));
    let said = docker::of(consumer)?.exec(&["sh", "-c", &script])?;
    let created: Value = serde_json::from_str(&said).with_context(|| said.clone())?;
    let id = created["Id"].as_str().with_context(|| format!("Homer was refused: {said}"))?;
    let path = |rest: &str| format!("/v1.41/containers/{id}{rest}");
    let policy = json!({ "RestartPolicy": { "Name": "no" } }).to_string();
    let further = [
        ("POST".to_owned(), path("/update"), Some(policy)),
        ("DELETE".to_owned(), path("?force=1"), None),
    ];
    let answers = ask(proxy, consumer, &further)?;
    if !matches!(answers.as_slice(), [one, two] if one.starts_with("200 ") && two.starts_with("204 "))
    {
        bail!("update and removal were answered {answers:?}");
    }
    Ok(())
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
