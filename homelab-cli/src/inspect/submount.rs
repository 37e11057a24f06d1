//! A folder that a service gets read-only has nothing below it that it can write.
//!
//! Docker Engine before 25 makes only the folder itself read-only: what is mounted below it, such
//! as the control groups below `/sys`, stays writable, and a service with the capability
//! `DAC_OVERRIDE` can change it. Seen on Docker Engine 20.10; since 25, on Linux 5.12 or newer,
//! "read-only" reaches everything below.
//!
//! Fix: update Docker Engine, see <https://docs.docker.com/engine/install/>, or leave the profile
//! of that service off.

use homelab_core::compose::MountKind;

use super::docker;
use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule =
    HostRule { id: "host-submount", source: include_str!("submount.rs"), run };

/// The API of Docker Engine 25.
const RECURSIVE: &[u32] = &[1, 44];

fn run(context: &Context<'_>, findings: &mut Findings) {
    let Ok(version) = docker::ask(&["version", "--format", "{{.Server.APIVersion}}"]) else {
        // `host-engine` reports it.
        return;
    };
    if docker::at_least(&version, RECURSIVE) != Some(false) {
        return;
    }
    for member in context.enabled() {
        let volumes = member.service.volumes.iter();
        for volume in volumes.filter(|it| it.kind == MountKind::Bind && it.read_only) {
            let source = context.project.resolve(&volume.source);
            let below = context.house.host.writable_below(&source);
            let Some(first) = below.first() else { continue };
            findings.warning(
                member.name,
                format!(
                    "`{source}` is given to it read-only, but this Docker Engine leaves what is \
                     mounted below it writable, such as `{first}`"
                ),
                "update Docker Engine to 25 or newer: https://docs.docker.com/engine/install/"
                    .to_owned(),
            );
        }
    }
}
