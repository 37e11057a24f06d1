//! The disks have the space without which a service does not start.
//!
//! Some programs look at the free space when they start, and end when there is too little. The
//! contract of the image says how much.
//!
//! Fix: make room, or put the folder on a larger disk.

use std::path::PathBuf;

use homelab_core::compose::MountKind;
use homelab_core::model::project::Member;

use super::{Context, Findings, HostRule};
use crate::host::Host;

pub(super) const RULE: HostRule =
    HostRule { id: "host-disk", source: include_str!("disk.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    for member in context.enabled() {
        let Some(contract) = member.contract() else { continue };
        let Some(needed) = contract.free.get() else { continue };
        for place in places(context, &member) {
            let Ok(free) = Host::free(&place) else { continue };
            let free = free >> 20;
            if free < u64::from(needed.as_mib()) {
                let (name, path) = (member.name, place.display());
                findings.error(
                    name,
                    format!("`{path}` has {free} MiB left, and `{name}` starts only with {needed}"),
                    format!("make room: `df --human-readable {path}`"),
                );
            }
        }
    }
}

/// Returns where the service keeps its data and what else it writes, as far as it is there. The
/// engine's folder stands for its volumes, which only root may enter.
fn places(context: &Context<'_>, member: &Member<'_>) -> Vec<PathBuf> {
    let Some(contract) = member.contract() else { return Vec::new() };
    let paths: Vec<_> = contract.data.items().iter().chain(contract.writes.items()).collect();
    let mut places = Vec::new();
    for mount in member.service.volumes.iter().filter(|it| paths.contains(&&it.target)) {
        let place = match mount.kind {
            MountKind::Bind => Some(context.house.source(&context.project.resolve(&mount.source))),
            MountKind::Volume => context.engine.as_deref().map(|it| context.house.host.path(it)),
        };
        if let Some(place) = place.filter(|it| !places.contains(it)) {
            places.push(place);
        }
    }
    places
}
