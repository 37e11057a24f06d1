//! No service that is on lets strangers do what only its administrator may do.
//!
//! A variable that ends in `_ALLOW_SETUP` is meant for the minute in which the household makes its
//! own account. If it stays on and the service ever loses its accounts, whoever comes first becomes
//! the administrator.
//!
//! A variable that says that a set-up is done, such as `JELLYFIN_SETUP_DONE`, opens paths that
//! answer everybody before the set-up. When it is set too early, everybody in the network may use
//! them; when it is never set, the administrator cannot use them either.
//!
//! Fix: make the account or end the wizard, see `docs/runbooks/first-start.md`, set the variable in
//! `.env`, start the service again.

use homelab_core::compose::MountKind;
use homelab_core::compose::interpolate;
use homelab_core::dsl::variable::{EnvVar, Fallback};
use homelab_core::model::exposure::{self, ClosedUntil};
use homelab_core::model::project::Member;

use super::{Context, Findings, HostRule, docker};
use crate::message;

pub(super) const RULE: HostRule =
    HostRule { id: "host-setup", source: include_str!("setup.rs"), run };

const SUFFIX: &str = "_ALLOW_SETUP";

fn run(context: &Context<'_>, findings: &mut Findings) {
    allowed(context, findings);
    for member in context.enabled() {
        for host in exposure::hosts(context.project, &member) {
            if let Some(until) = host.closed_until.as_ref().filter(|_| host.off_until.is_none()) {
                done(context, &member, &host.place(), until, findings);
            }
        }
    }
}

/// Reports switches that let the first visitor in.
fn allowed(context: &Context<'_>, findings: &mut Findings) {
    for variable in context.house.declared.variables.iter().filter(|it| is_switch(it)) {
        let Fallback::Value(closed) = variable.fallback() else { continue };
        let value = context.project.value(variable);
        if value == closed {
            continue;
        }
        let reads = |value: &String| {
            interpolate::variables(value).iter().any(|name| name == variable.name())
        };
        for member in context.enabled() {
            if member.service.environment.values().any(reads) {
                let name = member.name;
                findings.warning(
                    name,
                    format!("`{variable}` is `{value}`: {}", variable.meaning()),
                    format!(
                        "when your account is made, set `{variable}={closed}` in `.env` and {}",
                        context.house.apply(name)
                    ),
                );
            }
        }
    }
}

fn is_switch(variable: &EnvVar) -> bool {
    variable.name().ends_with(SUFFIX)
}

/// Reports a set-up that is declared done although it cannot be, or that is not declared done
/// although the service runs.
fn done(
    context: &Context<'_>,
    member: &Member<'_>,
    host: &str,
    until: &ClosedUntil,
    findings: &mut Findings,
) {
    let ClosedUntil { paths, setting, is_open } = until;
    let (name, paths) = (member.name, message::list(paths.iter().map(String::as_str)));
    if *is_open && is_new(context, member) {
        findings.warning(
            name,
            format!(
                "`{setting}` opens {paths} at `{host}`, and `{name}` has no data here yet: until \
                 its wizard has ended, anybody may use them"
            ),
            "remove the line from `.env` until then, unless its data moves here from another host"
                .to_owned(),
        );
    } else if !is_open && docker::running(&context.project.file().name).iter().any(|it| it == name)
    {
        findings.warning(
            name,
            format!("the proxy refuses {paths} at `{host}`, its administrator's requests, too"),
            format!(
                "when the wizard of `{name}` has ended, set `{setting}` in `.env` and {}; \
                 `docs/runbooks/first-start.md` says how to reach it",
                context.house.apply(name)
            ),
        );
    }
}

/// Whether none of the service's volumes exists.
fn is_new(context: &Context<'_>, member: &Member<'_>) -> bool {
    let Some(known) = docker::volumes() else { return false };
    let volumes = member.service.volumes.iter().filter(|it| it.kind == MountKind::Volume);
    let file = context.project.file();
    let names: Vec<_> = volumes.map(|it| file.volume_name(&it.source)).collect();
    !names.is_empty() && !names.iter().any(|it| known.contains(it))
}
