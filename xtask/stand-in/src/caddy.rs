//! caddy-docker-proxy: the real Caddy, told what to serve by the labels of containers.

mod containers;

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use homelab_core::proxy::caddyfile::assemble;
use homelab_stand_in::Promise;
use rustix::process::{Pid, Signal, WaitOptions, kill_process, wait, waitpid};
use signal_hook::consts::{SIGCHLD, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use self::containers::{Container, Network};
use crate::http::{self, Response};
use crate::{docker, log};

/// How often it looks without being told that something happened.
const POLL: Duration = Duration::from_secs(30);

/// How long it waits for more to happen before it looks.
const THROTTLE: Duration = Duration::from_millis(100);

/// Caddy's admin API, and the name that it wants to be called by.
const ADMIN: (&str, &str) = ("127.0.0.1:2019", "localhost:2019");

/// How long Caddy may take until that API answers.
const STARTUP: Duration = Duration::from_secs(10);

enum Wake {
    Event,
    Signal(i32),
}

/// Serves until it is told to end, or Caddy ends.
pub(crate) fn run(_: &Promise) -> anyhow::Result<()> {
    let names = std::env::var("CADDY_INGRESS_NETWORKS")
        .context("the variable CADDY_INGRESS_NETWORKS is missing")?;
    let (sender, wakes) = channel();
    forward_signals(sender.clone())?;
    for path in ["/_ping", "/version", "/info"] {
        docker::ask(path)?;
    }
    let caddy = start()?;
    std::thread::spawn(move || forward_events(&sender));
    let names = names.split(',').map(|it| it.trim().to_owned()).collect();
    let ended = Generator { names, ..Generator::default() }.run(&wakes, caddy);
    // It may be gone already.
    let _ = kill_process(caddy, Signal::TERM);
    let _ = waitpid(Some(caddy), WaitOptions::empty());
    ended
}

fn forward_signals(sender: Sender<Wake>) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGCHLD])?;
    std::thread::spawn(move || signals.forever().try_for_each(|it| sender.send(Wake::Signal(it))));
    Ok(())
}

/// Tells of everything that may change the Caddyfile; health checks are events too and do not.
fn forward_events(sender: &Sender<Wake>) {
    let filters = serde_json::json!({
        "type": ["container", "network"],
        "event": ["create", "start", "stop", "die", "destroy", "connect", "disconnect"],
    });
    let encoded = |it: u8| match it {
        it if it.is_ascii_alphanumeric() => char::from(it).to_string(),
        it => format!("%{it:02X}"),
    };
    let filters: String = filters.to_string().bytes().map(encoded).collect();
    loop {
        let ended = docker::follow(&format!("/events?filters={filters}"), || {
            let _ = sender.send(Wake::Event);
        });
        let because = ended.err().map_or_else(String::new, |it| format!(": {it:#}"));
        log(&format!("the events ended{because}"));
        std::thread::sleep(POLL);
    }
}

/// Starts Caddy without a configuration, since there is no Caddyfile in `/`, and waits for its
/// admin API.
fn start() -> anyhow::Result<Pid> {
    let program = std::env::var("STAND_IN_CADDY").unwrap_or_else(|_| "/bin/caddy".to_owned());
    let mut child = Command::new(&program)
        .arg("run")
        .current_dir("/")
        .spawn()
        .with_context(|| format!("cannot run {program}"))?;
    let started = Instant::now();
    while let Err(error) = TcpStream::connect(ADMIN.0) {
        if let Some(status) = child.try_wait()? {
            bail!("Caddy ended: {status}");
        }
        if started.elapsed() > STARTUP {
            return Err(error).context("Caddy's admin API does not answer");
        }
        std::thread::sleep(THROTTLE / 2);
    }
    Pid::from_raw(child.id().try_into()?).context("a process has a number")
}

#[derive(Default)]
struct Generator {
    names: Vec<String>,
    ingress: BTreeSet<String>,
    /// The last Caddyfile, and whether Caddy took it.
    last: (String, bool),
}

impl Generator {
    fn run(mut self, wakes: &Receiver<Wake>, caddy: Pid) -> anyhow::Result<()> {
        let mut due = Instant::now();
        loop {
            match wakes.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(Wake::Event) => due = due.min(Instant::now() + THROTTLE),
                Ok(Wake::Signal(SIGCHLD)) => reap(caddy)?,
                Ok(Wake::Signal(signal)) => {
                    log(&format!("ends on signal {signal}"));
                    return Ok(());
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.update() {
                        log(&format!("cannot configure Caddy: {error:#}"));
                    }
                    due = Instant::now() + POLL;
                }
                Err(RecvTimeoutError::Disconnected) => bail!("nothing can wake this program"),
            }
        }
    }

    fn update(&mut self) -> anyhow::Result<()> {
        let text = self.generate()?;
        if self.last.0 != text {
            log(&format!("new Caddyfile:\n{text}"));
            if let Err(error) = autosave(&text) {
                log(&format!("warning: cannot save the Caddyfile: {error:#}"));
            }
            self.last = (text, false);
        }
        if !self.last.1 {
            let answer = admin("/load", &self.last.0)?;
            if answer.status != 200 {
                bail!("it answered {}: {}", answer.status, answer.body.trim());
            }
            self.last.1 = true;
            log("Caddy took it");
        }
        Ok(())
    }

    /// The Caddyfile of what runs. Where Docker does not answer, the real proxy goes on without
    /// containers and serves nothing until it does.
    fn generate(&mut self) -> anyhow::Result<String> {
        match asked::<Network>("/networks") {
            Ok(networks) => self.ingress = containers::ingress(networks, &self.names),
            Err(error) => log(&format!("cannot list networks: {error:#}")),
        }
        let containers = asked::<Container>("/containers/json").unwrap_or_else(|error| {
            log(&format!("cannot list containers: {error:#}"));
            Vec::new()
        });
        let blocks = containers.iter().flat_map(|it| it.blocks(&self.ingress, &log));
        valid(assemble(blocks), |it| admin("/adapt", it))
    }
}

fn asked<T: serde::de::DeserializeOwned>(path: &str) -> anyhow::Result<Vec<T>> {
    Ok(serde_json::from_str(&docker::ask(path)?)?)
}

/// Takes along who has ended, since nobody else does so for the first process of a container.
fn reap(caddy: Pid) -> anyhow::Result<()> {
    while let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) {
        if pid == caddy {
            bail!("Caddy ended: {status:?}");
        }
    }
    Ok(())
}

/// The blocks together, without those that are refused after the ones before them.
fn valid(
    blocks: Vec<String>,
    adapt: impl Fn(&str) -> anyhow::Result<Response>,
) -> anyhow::Result<String> {
    let whole = blocks.join("\n");
    if !whole.is_empty() && adapt(&whole)?.status == 200 {
        return Ok(whole);
    }
    let mut kept = Vec::new();
    for block in blocks {
        kept.push(block);
        let answer = adapt(&kept.join("\n"))?;
        if answer.status != 200 {
            let block = kept.pop().unwrap_or_default();
            log(&format!("left out, {}:\n{block}", answer.body.trim()));
        }
    }
    Ok(if kept.is_empty() { "# Empty Caddyfile\n".to_owned() } else { kept.join("\n") })
}

fn admin(path: &str, caddyfile: &str) -> anyhow::Result<Response> {
    let mut stream = TcpStream::connect(ADMIN.0)?;
    stream.set_read_timeout(Some(POLL))?;
    http::send(&mut stream, "POST", path, ADMIN.1, ("text/caddyfile", caddyfile))
}

/// Keeps the Caddyfile for who wants to read it; renamed so that nobody reads half of it.
fn autosave(text: &str) -> anyhow::Result<()> {
    let config = std::env::var("XDG_CONFIG_HOME").unwrap_or_else(|_| "/config".to_owned());
    let folder = PathBuf::from(config).join("caddy");
    std::fs::create_dir_all(&folder)?;
    let (path, new) = (folder.join("Caddyfile.autosave"), folder.join("Caddyfile.autosave.tmp"));
    std::fs::write(&new, text)?;
    Ok(std::fs::rename(new, path)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Refuses what uses a snippet that is not there, and whatever is bad.
    fn adapt(text: &str) -> Response {
        let missing = text.contains("import s") && !text.contains("(s)");
        let status = if missing || text.contains("bad") { 400 } else { 200 };
        Response { status, body: String::new() }
    }

    #[test]
    fn only_blocks_that_are_refused_are_left_out() {
        let valid = |blocks: &[&str]| {
            let blocks = blocks.iter().map(|it| (*it).to_owned()).collect();
            valid(blocks, |it| Ok(adapt(it))).expect("it always answers")
        };
        assert_eq!(valid(&["(s)\n", "a import s\n"]), "(s)\n\na import s\n");
        assert_eq!(valid(&["(s)\n", "a bad\n", "b import s\n"]), "(s)\n\nb import s\n");
        assert_eq!(valid(&["(s) bad\n", "a import s\n", "c\n"]), "c\n");
        assert_eq!(valid(&["bad\n"]), "# Empty Caddyfile\n");
        assert_eq!(valid(&[]), "# Empty Caddyfile\n");
    }
}
