//! Deploys that are cut off: killed at every step, disconnected, without power, two at once.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::DeployScene;
use super::check::containers;
use super::client::Said;
use super::host::{FIRST_ON_PATH, FOLDER, HOUSE};
use super::key;
use crate::browser::Browser;
use crate::run::{self, output, program};

/// How long a deploy may go on by itself.
const PATIENCE: Duration = Duration::from_mins(2);

/// How soon the house answers while nobody has put right anything yet.
const ANSWER: Duration = Duration::from_secs(15);

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whom {
    /// The process that called `docker`, before the call.
    Caller,
    /// Every `homelab` on the host at once, after the call.
    Everybody,
}

impl Whom {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Caller => "the process that does it",
            Self::Everybody => "all of `homelab` at once",
        }
    }
}

/// `docker`, which counts its calls; at the one that the file `fault` names it kills.
const WRAPPER: &str = r#"#!/bin/sh
folder=/run/lane
[ -r $folder/fault ] || exec @docker@ "$@"
read -r at whom <$folder/fault
echo "$*" >>$folder/calls
count=$(wc -l <$folder/calls)
[ "$count" = "$at" ] || exec @docker@ "$@"
if [ "$whom" = Caller ]; then
  kill -9 $PPID
  exit 1
fi
@docker@ "$@"
for process in /proc/[0-9]*; do
  read -r name <$process/comm || continue
  [ "$name" = homelab ] || continue
  tr '\0' ' ' <$process/cmdline | grep -q -e ' --host ' || kill -9 "${process#/proc/}"
done
"#;

/// Puts the counting `docker` in place while `what` is done; the calls that were made.
fn counted<T>(
    at: usize,
    whom: Whom,
    what: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<(T, Vec<String>)> {
    let path = |name: &str| Path::new(FOLDER).join(name);
    let wrapper = Path::new(FIRST_ON_PATH).join("docker");
    let docker = output(&mut program("sh", &["-c", "command -v docker"]))?;
    fs::write(&wrapper, WRAPPER.replace("@docker@", docker.trim()))?;
    output(program("chmod", &["0755"]).arg(&wrapper))?;
    fs::write(path("calls"), "")?;
    fs::write(path("fault"), format!("{at} {whom:?}\n"))?;
    let ended = what();
    fs::remove_file(path("fault"))?;
    fs::remove_file(&wrapper)?;
    let calls = fs::read_to_string(path("calls"))?;
    Ok((ended?, calls.lines().map(str::to_owned).collect()))
}

/// Kills at a sample of the calls of `docker` of a deploy, one after the other.
pub(super) fn at_some_calls(site: &DeployScene<'_>, whom: Whom) -> anyhow::Result<String> {
    site.another_release(whom, 0)?;
    // It counts, and kills nobody.
    let (said, calls) = counted(0, whom, || site.remote(&["deploy", "--actor", "e2e"]))?;
    said.ended(0)?;
    let places = places(&calls, whom);
    let (mut untouched, mut forward, mut back, mut ended) = (0, 0, 0, 0);
    for at in &places {
        let (old, before) = (DeployScene::runs()?, containers()?);
        let new = site.another_release(whom, *at)?;
        let (said, calls) = counted(*at, whom, || site.remote(&["deploy", "--actor", "e2e"]))?;
        let Some(call) = calls.get(at - 1) else {
            // It had fewer questions to ask this time.
            said.ended(0)?;
            ended += 1;
            continue;
        };
        let told = |what: &str| format!("{what} at call {at} ({call}), which said: {}", said.all);
        let runs = settled(site, &said).with_context(|| told("killed"))?;
        if containers()? == before {
            // It had not begun: the next round's deploy is the second one.
            ensure!(runs == old, "{}", told("nothing was touched, and yet it runs"));
            untouched += 1;
            continue;
        }
        match runs {
            it if it == new => forward += 1,
            it if it == old => back += 1,
            it => bail!("{it} runs, expected {old} or {new}; {}", told("killed")),
        }
        site.remote(&["deploy", "--actor", "e2e"])?.ended(0).with_context(|| told("again"))?;
        site.is_whole(&new).with_context(|| told("again"))?;
    }
    ensure!(untouched > 0 && back > 0, "killed {untouched} times before it began, {back} after");
    Ok(format!(
        "{} of {} calls: {untouched} times nothing was touched, {back} times back to the old \
         release, {forward} times the new one, {ended} times it had ended by then",
        places.len(),
        calls.len()
    ))
}

/// What a call does, apart from asking.
const DEEDS: [&str; 5] = ["pull", "exec", "stop", "rm", "up"];

/// A sample of the calls at which to kill: the first one of each deed, and the last one of all; where
/// the kill comes before the call, the one behind each deed, too. The others are tried on a fake engine, by
/// `cargo xtask test`; here the fake is proven right.
fn places(calls: &[String], whom: Whom) -> Vec<usize> {
    let is_deed = |call: &String, deed: &str| call.split(' ').any(|it| it == deed);
    let first = |deed: &&str| calls.iter().position(|it| is_deed(it, deed)).map(|it| it + 1);
    let behind = usize::from(whom == Whom::Caller);
    let mut places: Vec<_> =
        DEEDS.iter().filter_map(first).flat_map(|it| it..=it + behind).collect();
    places.push(calls.len());
    places.sort_unstable();
    places.dedup();
    places
}

/// Waits until the house is on one release, by itself or by `homelab recover`; which one.
fn settled(site: &DeployScene<'_>, said: &Said) -> anyhow::Result<String> {
    let recovered = site.local(&["recover"])?;
    let runs = DeployScene::runs()?;
    let recovered = recovered.ended(0)?;
    ensure!(
        !Path::new(HOUSE).join("state/deploy.json").exists(),
        "the note is still there: {}",
        recovered.all
    );
    let both = format!("{}{}", said.all, recovered.all);
    ensure!(both.contains(&runs[..12]), "nobody says that {runs} runs: {both}");
    // Not before: who kills Compose between a database's stop and its start has no database. The
    // proxy may just be taking a container's change in.
    run::until(ANSWER, || {
        let url = "https://photos.home.arpa/api/server/ping";
        let answer = Browser::new(site.scene)?.open(url, false)?;
        ensure!(answer.status == 200, "Immich answers {}", answer.status);
        Ok(())
    })?;
    site.works()?;
    site.no_drift()?;
    Ok(runs)
}

impl DeployScene<'_> {
    /// Commits other limits than ever before; those of the database, too, when everybody is killed.
    fn another_release(&self, whom: Whom, round: usize) -> anyhow::Result<String> {
        let memory = if whom == Whom::Caller { 100 } else { 300 } + round;
        self.checkout.set_memory_limit("homer", &format!("{memory}M"))?;
        if whom == Whom::Everybody {
            self.checkout.set_line("postgres", "pids: ", &format!("pids: {}", 400 + round))?;
        }
        self.checkout.commit("other limits")
    }

    /// Begins a deploy that touches the database, and goes on when the first container was touched.
    fn begin(&self, pids: u32) -> anyhow::Result<(Child, String)> {
        self.checkout.set_line("postgres", "pids: ", &format!("pids: {pids}"))?;
        let new = self.checkout.commit("postgres: another limit")?;
        let before = containers()?;
        let mut client = self.client(&["deploy", "--actor", "first"]);
        let child = client.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = child.spawn().context("cannot run homelab")?;
        run::until(PATIENCE, || {
            ensure!(containers()? != before, "no container was touched yet");
            Ok(())
        })?;
        Ok((child, new))
    }
}

/// The connection is lost in the middle: the deploy ends by itself.
pub(super) fn lost_connection(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let (mut child, new) = site.begin(301)?;
    for pid in children(child.id())? {
        kill_process(pid, Signal::KILL)?;
    }
    let ended = child.wait()?;
    ensure!(ended.code() == Some(4), "without a connection the client ended with {ended}");
    run::until(PATIENCE, || {
        ensure!(DeployScene::runs()? == new, "the old one runs");
        Ok(())
    })?;
    site.is_whole(&new)?;
    site.no_drift()?;
    ensure!(site.deploy()?.is_empty(), "the second deploy had something to do");
    Ok("the new release runs, and a second deploy has nothing to do".to_owned())
}

/// Processes that this one started.
fn children(of: u32) -> anyhow::Result<Vec<Pid>> {
    let path = format!("/proc/{of}/task/{of}/children");
    let text = fs::read_to_string(&path).with_context(|| path)?;
    Ok(text.split_whitespace().filter_map(|it| Pid::from_raw(it.parse().ok()?)).collect())
}

/// Everything ends at once in the middle; the next boot does what the unit at boot does.
pub(super) fn power(site: &mut DeployScene<'_>) -> anyhow::Result<String> {
    let old = DeployScene::runs()?;
    let (mut child, new) = site.begin(302)?;
    for name in ["homelab", "sudo", "docker", "docker-compose", "ssh"] {
        for pid in named(name)? {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
    site.door.close()?;
    site.scene.world.cut_the_power()?;
    child.wait()?;
    site.scene.world.boot()?;
    site.door.open_again(&site.scene.world.folder)?;
    let said = site.local(&["recover"])?;
    let runs = DeployScene::runs()?;
    ensure!(runs == old || runs == new, "{runs} runs, expected {old} or {new}");
    let said = said.naming(&runs[..12])?;
    site.works().with_context(|| said.all)?;
    site.no_drift()?;
    let happened = site.deploy()?;
    site.is_whole(&new)?;
    let which = if runs == old { "old" } else { "new" };
    Ok(format!("`recover` ends on the {which} release; a second deploy touches {happened:?}"))
}

/// Whether it is the process that does a deploy.
fn is_worker(process: Pid) -> bool {
    let words = fs::read(format!("/proc/{}/cmdline", process.as_raw_nonzero()));
    words.is_ok_and(|it| it.split(|byte| *byte == 0).nth(1) == Some(b"worker"))
}

/// Processes of that name.
fn named(name: &str) -> anyhow::Result<Vec<Pid>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let number = path.file_name().and_then(|it| it.to_str()).and_then(|it| it.parse().ok());
        if fs::read_to_string(path.join("comm")).is_ok_and(|it| it.trim() == name) {
            found.extend(number.and_then(Pid::from_raw));
        }
    }
    Ok(found)
}

/// A second deploy while one runs says who is at it, and touches nothing; `status` says it, too, and nobody
/// else on the host can take or hold the lock.
pub(super) fn two_at_once(site: &DeployScene<'_>) -> anyhow::Result<String> {
    let (mut child, new) = site.begin(303)?;
    // So that it cannot end meanwhile.
    let worker = run::until(ANSWER, || {
        // What it has just forked is called like it until it becomes another program.
        let workers: Vec<_> = named("homelab")?.into_iter().filter(|it| is_worker(*it)).collect();
        let [worker] = workers[..] else { bail!("these are at work: {workers:?}") };
        Ok(worker)
    })?;
    kill_process(worker, Signal::STOP)?;
    let second = site.remote(&["deploy", "--actor", "second"]);
    let status = site.remote(&["status"]);
    let lock = format!("{HOUSE}/state/lock");
    let stranger = key::by(&["flock", "--nonblock", "--shared", &lock, "true"]);
    kill_process(worker, Signal::CONT)?;
    let process = format!(", process {}", worker.as_raw_nonzero());
    let status = status?.ended(1)?.naming("at work: a deploy of first since 2")?;
    status.naming(&process)?;
    let stranger = stranger?;
    ensure!(stranger.all.contains("Permission denied"), "the lock is anybody's: {}", stranger.all);
    let second = second?;
    let mut said = Vec::new();
    if let Some(told) = child.stderr.take() {
        said = BufReader::new(told).lines().collect::<Result<Vec<_>, _>>()?;
    }
    let first = child.wait()?;
    second.ended(4)?.naming("a deploy of first since 2")?.naming(&process)?;
    ensure!(first.success(), "the first one ended with {first}: {}", said.join("\n"));
    site.is_whole(&new)?;
    Ok("the second and `status` are told who deploys, the first one ends well".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_deed_is_tried_once_what_follows_it_and_the_last_call() {
        let calls = ["ps --all", "exec a1 pg_dump", "compose -f /x up homer", "ps --all"];
        let again = ["compose -f /x up postgres", "exec a1 pg_dump", "ps --all"];
        let calls: Vec<_> = calls.iter().chain(&again).map(|it| (*it).to_owned()).collect();
        assert_eq!(places(&calls, Whom::Caller), [2, 3, 4, 7]);
        assert_eq!(places(&calls, Whom::Everybody), [2, 3, 7]);
    }
}
