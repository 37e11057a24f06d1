//! No second Compose file changes the one that was judged.
//!
//! `docker compose up` merges `compose.override.yaml` into `compose.yaml` by itself. No rule reads it,
//! no plan shows it, and a deploy does not use it: after the next one its changes are gone.
//!
//! Fix: say in Rust what it says, and remove it.

use super::{Context, Findings, HostRule};
use crate::released::OVERRIDES;

pub(super) const RULE: HostRule =
    HostRule { id: "host-override", source: include_str!("compose_override.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    for name in OVERRIDES.iter().filter(|it| context.house.path(it).exists()) {
        findings.error(
            name,
            format!("`{name}` would change `compose.yaml`, and nobody judges or deploys it"),
            format!(
                "say in Rust what it says, and remove `{}`",
                context.house.path(name).display()
            ),
        );
    }
}
