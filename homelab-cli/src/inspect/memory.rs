//! The host has the memory that the limits of all services together allow.
//!
//! Above that the kernel kills some process when everything is busy at once, and not
//! necessarily the one that took too much. It is an error when the limits alone exceed the
//! memory, and a warning when nothing is left for the system and its page cache.
//!
//! Fix: switch off a profile; `homelab memory` shows what each costs.

use homelab_core::model::budget;

use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule =
    HostRule { id: "host-memory", source: include_str!("memory.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    let Some(memory) = context.house.host.memory() else { return };
    let total = budget::total(context.project, context.profiles);
    let reserve = context.house.declared.reserve;
    let help = "switch off a profile in COMPOSE_PROFILES; `homelab memory` shows what each costs";
    if total > memory {
        let message = format!("services may use {total} together, this host has {memory}");
        findings.error("memory", message, help.to_owned());
    } else if memory.saturating_sub(total) < reserve {
        let left = memory.saturating_sub(total);
        let message = format!(
            "services may use {total} of {memory}: {left} stay for the system, which should have {reserve}"
        );
        findings.warning("memory", message, help.to_owned());
    }
}
