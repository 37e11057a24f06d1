//! `stand-in`: what runs inside the images of `cargo xtask e2e`.
//!
//! One static program for all of them: the first word says which part it plays, and
//! `/etc/stand-in.json` what the image promises.

mod asked;
mod burden;
mod caddy;
mod docker;
mod http;
mod immich;
mod migration;
mod misdeed;
mod names;
mod pgbackups;
mod serve;
mod socket_proxy;
mod sqlite;

use std::io::Write as _;
use std::process::ExitCode;

use homelab_stand_in::{Promise, probe};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> anyhow::Result<()> {
    match words {
        // Parts.
        ["serve", ..] => serve::run(&kept()?),
        ["socket-proxy"] => socket_proxy::run(&kept()?),
        ["caddy", ..] => caddy::run(&kept()?),
        ["immich-server"] => immich::run(&kept()?),
        ["pgbackups"] => pgbackups::run(&kept()?),
        // What a health check or the suite runs inside a running container.
        ["up"] => serve::up(&Promise::load()?),
        ["get", url] => http::probe(url),
        ["probe"] => probe::from_stdin(),
        ["listen", port] => serve::listen(port.parse()?),
        ["names", file] => names::run(file),
        ["asked", file] => asked::run(file),
        // What an image must not do.
        ["misdeed", words @ ..] => misdeed::run(words),
        ["deed", deed, value] => misdeed::deed(deed, value),
        ["fork-bomb"] => burden::fork_bomb(),
        ["eat", mebibytes] => burden::eat(mebibytes.parse()?),
        other => anyhow::bail!("`{}` is no part of this program", other.join(" ")),
    }
}

/// The promise, after the checks that every image makes at its start.
fn kept() -> anyhow::Result<Promise> {
    let promise = Promise::load()?;
    promise.keep()?;
    Ok(promise)
}

/// Writes a line to the container's log.
fn log(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
