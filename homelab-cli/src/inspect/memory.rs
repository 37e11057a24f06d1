//! The host has the memory that all services together need.
//!
//! It is an error when the needs alone exceed the memory. It is a warning when too little is left
//! for the system and its page cache once the service that can grow most above its need has done
//! so: then the kernel kills some process, and not necessarily the one that took too much. Where
//! nothing is reserved for a service, its limit counts as its need. A profile that is on although
//! the house says that this host never switches it on is a warning, too.
//!
//! Fix: switch off a profile; `homelab memory` shows what each costs.

use homelab_core::model::budget;

use super::{Context, Findings, HostRule};
use crate::message;

pub(super) const RULE: HostRule =
    HostRule { id: "host-memory", source: include_str!("memory.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    let declared = &context.house.declared;
    let is_never = |name: &&&str| declared.never.iter().any(|never| never == **name);
    let never: Vec<_> = context.profiles.iter().filter(is_never).copied().collect();
    if !never.is_empty() {
        let names = message::list(never);
        let message =
            format!("{names}: on, and this house says that its host never switches it on");
        let help = "remove it from COMPOSE_PROFILES, or from `never` of the `Site`".to_owned();
        findings.warning("memory", message, help);
    }
    let Some(memory) = context.house.host.memory() else { return };
    let reserve = declared.reserve;
    let need = budget::need(context.project, context.profiles, memory.saturating_sub(reserve));
    let needs = need.needs;
    let help = "switch off a profile in COMPOSE_PROFILES; `homelab memory` shows what each costs";
    if needs > memory {
        let message = format!("services need {needs} together, this host has {memory}");
        findings.error("memory", message, help.to_owned());
    } else if !need.fits {
        let grows = match &need.grows {
            Some(name) => format!(", and `{name}` may take {} more", need.growth),
            None => String::new(),
        };
        let left = memory.saturating_sub(need.total);
        let message = format!(
            "services need {needs} of {memory}{grows}: {left} stay for the system, which should have {reserve}"
        );
        findings.warning("memory", message, help.to_owned());
    }
}
