//! The host has the processors that services may use, and of the kind that they need.
//!
//! Docker refuses to start a container whose limit is above the number of processors. A program that
//! was built for newer processors ends with an illegal instruction on an older one, and in a virtual
//! machine also where the hypervisor hides what the processor can do.
//!
//! Fix: run the stack on a larger or newer host, lower `.cpus(…)` of the service in its Rust file, or
//! let the hypervisor pass on the host's processor.

use homelab_core::model::project::Member;

use super::{Context, Findings, HostRule};
use crate::message;

pub(super) const RULE: HostRule = HostRule { id: "host-cpu", source: include_str!("cpu.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    flags(context, findings);
    let Some(cores) = context.house.host.cores() else { return };
    for member in context.enabled() {
        let limits = member.service.deploy.as_ref().and_then(|it| it.resources.as_ref());
        let limit = limits.and_then(|it| it.limits.as_ref()).and_then(|it| it.cpus.as_deref());
        let Some(limit) = limit else { continue };
        if limit.parse::<f64>().is_ok_and(|it| it > f64::from(cores)) {
            findings.error(
                member.name,
                format!("`{}` may use {limit} processors, this host has {cores}", member.name),
                format!("switch its profile off, or lower `.cpus(…)` of `{}`", member.name),
            );
        }
    }
}

/// Reports what the contracts need and the processor has not.
fn flags(context: &Context<'_>, findings: &mut Findings) {
    let Some(flags) = context.house.host.cpu_flags() else { return };
    let is_off = |it: &Member<'_>| {
        let replicas = it.service.deploy.as_ref().and_then(|it| it.replicas.as_deref());
        replicas.is_some_and(|it| context.project.resolve(it) == "0")
    };
    for member in context.enabled().filter(|it| !is_off(it)) {
        let needed = member.contract().map_or(&[][..], |it| it.cpu_flags.items());
        let missing = needed.iter().filter(|it| !flags.contains(it)).map(String::as_str);
        let missing = message::list(missing);
        if !missing.is_empty() {
            let name = member.name;
            findings.error(
                name,
                format!("the processor of this host lacks {missing}, and `{name}` needs it"),
                format!(
                    "switch `{name}` off; in a virtual machine, set its processor's kind to the host's"
                ),
            );
        }
    }
}
