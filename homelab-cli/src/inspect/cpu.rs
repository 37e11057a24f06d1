//! No service may use more processors than the host has.
//!
//! Docker refuses to start a container whose limit is above the number of processors.
//!
//! Fix: run the stack on a larger host, or lower `.cpus(…)` of the service in its Rust file.

use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule = HostRule { id: "host-cpu", source: include_str!("cpu.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
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
