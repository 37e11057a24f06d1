//! Questions to the Docker API, where `DOCKER_HOST` says.

use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::http;

/// Asks for a path and returns the answer's body.
pub(crate) fn ask(path: &str) -> anyhow::Result<String> {
    let host = std::env::var("DOCKER_HOST").context("the variable DOCKER_HOST is missing")?;
    let host = host.strip_prefix("tcp://").unwrap_or(&host);
    let mut stream = TcpStream::connect(host).with_context(|| format!("cannot reach {host}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let answer = http::request(&mut stream, "GET", path, host, "")?;
    if answer.status != 200 {
        bail!("{host} answered {} to GET {path}: {}", answer.status, answer.body);
    }
    Ok(answer.body)
}
