//! Questions to the Docker API, where `DOCKER_HOST` says.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::http;

/// Asks for a path and returns the answer's body.
pub(crate) fn ask(path: &str) -> anyhow::Result<String> {
    let host = &host()?;
    let mut stream = TcpStream::connect(host).with_context(|| format!("cannot reach {host}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let answer = http::request(&mut stream, "GET", path, host, "")?;
    if answer.status != 200 {
        bail!("{host} answered {} to GET {path}: {}", answer.status, answer.body);
    }
    Ok(answer.body)
}

/// Reads an answer that does not end, and calls after every piece of it, until it does end.
pub(crate) fn follow(path: &str, mut piece: impl FnMut()) -> anyhow::Result<()> {
    let host = host()?;
    let mut stream = TcpStream::connect(&host).with_context(|| format!("cannot reach {host}"))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n")?;
    let Some((head, rest)) = http::read_head(&mut stream)? else { bail!("no answer") };
    let status = String::from_utf8_lossy(&head);
    let status = status.lines().next().unwrap_or_default();
    if !status.contains(" 200 ") {
        bail!("{host} answered `{status}` to GET {path}");
    }
    let mut buffer = [0; 4096];
    if !rest.is_empty() {
        piece();
    }
    while stream.read(&mut buffer)? > 0 {
        piece();
    }
    Ok(())
}

fn host() -> anyhow::Result<String> {
    let host = std::env::var("DOCKER_HOST").context("the variable DOCKER_HOST is missing")?;
    Ok(host.strip_prefix("tcp://").unwrap_or(&host).to_owned())
}
