//! What an image must not do by its contract: done by stand-ins, so that the suite has to name it.

use std::fs;
use std::net::ToSocketAddrs as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, bail};
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::{docker, log, serve};

/// Between two questions or calls.
const EVERY: Duration = Duration::from_secs(2);

/// The share of its limit that `hold` takes, in percent: more than a service may hold at rest.
const SHARE: u64 = 94;

/// Does a deed, beside the program that the words after it name: `DEED VALUE PROGRAM WORDS…`.
pub(crate) fn run(words: &[&str]) -> anyhow::Result<()> {
    let [deed, value, program, words @ ..] = words else { bail!("expected DEED VALUE PROGRAM") };
    if *deed == "write" {
        if let Err(error) = fs::write(value, "") {
            log(&format!("cannot write {value}: {error}"));
        }
    } else {
        Command::new(std::env::current_exe()?).args(["deed", deed, value]).spawn()?;
    }
    Err(Command::new(program).args(words).exec()).with_context(|| format!("cannot run {program}"))
}

/// A deed that lasts as long as the program beside it: where a container sees the host's processes, the
/// engine ends the first one only.
pub(crate) fn deed(deed: &str, value: &str) -> anyhow::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    match deed {
        "listen" => serve::listen(value.parse()?),
        "ask" => again(|| drop((value, 443).to_socket_addrs())),
        "call" => again(|| drop(docker::ask(value))),
        "hold" => {
            let held = vec![1_u8; usize::try_from(limit()? / 100 * SHARE)?];
            again(|| {
                std::hint::black_box(&held);
            })
        }
        other => bail!("`{other}` is no misdeed"),
    }
}

fn again(mut act: impl FnMut()) -> ! {
    loop {
        act();
        std::thread::sleep(EVERY);
    }
}

/// The memory limit of its container in bytes, of either version of control groups.
fn limit() -> anyhow::Result<u64> {
    let read = |it: &str| fs::read_to_string(format!("/sys/fs/cgroup/{it}"));
    let text = read("memory.max").or_else(|_| read("memory/memory.limit_in_bytes"))?;
    text.trim().parse().context("the container has no memory limit")
}
