//! No container of a profile that is off still runs.
//!
//! Compose leaves the containers of a profile alone when it is switched off, also with
//! `--remove-orphans`: they go on running, restart with the host and are never updated.
//!
//! Fix: stop and remove them by name; their volumes and folders stay.

use super::docker;
use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule =
    HostRule { id: "host-profile", source: include_str!("profile.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    let running = docker::running(&context.project.file().name);
    let is_left = |name: &&str| running.iter().any(|it| it == name);
    let off = context.project.members().filter(|it| !it.is_enabled_by(context.profiles));
    let left: Vec<_> = off.map(|it| it.name).filter(is_left).collect();
    if !left.is_empty() {
        let names = left.join(" ");
        findings.warning(
            left[0],
            format!("containers of profiles that are off still run: `{}`", left.join("`, `")),
            format!("run `docker compose --profile '*' rm --stop --force {names}`"),
        );
    }
}
