//! An updater that is on has something to update.
//!
//! Every image stays at its digest until a change is merged, unless a line of `.env` lets a service
//! follow its tag. Without such a line the updater replaces nothing, and its socket proxy, through
//! which it may create containers, is a risk without a use.
//!
//! Fix: take its profile out of `COMPOSE_PROFILES`, or write the line.

use homelab_core::model::exposure;

use super::{Context, Findings, HostRule};
use crate::message;

pub(super) const RULE: HostRule =
    HostRule { id: "host-updater", source: include_str!("updater.rs"), run };

/// With this variable Watchtower only touches services that have its label.
const BY_LABEL: &str = "WATCHTOWER_LABEL_ENABLE";

fn run(context: &Context<'_>, findings: &mut Findings) {
    let project = context.project;
    let may = || context.enabled().filter_map(|it| exposure::unreviewed(project, &it));
    if may().any(|it| it.is_on) {
        return;
    }
    let lines: Vec<_> = may().filter_map(|it| Some(format!("{}=", it.switch?))).collect();
    let or = match lines.as_slice() {
        [] => String::new(),
        lines => {
            format!(", or write {} into `.env`", message::list(lines.iter().map(String::as_str)))
        }
    };
    for member in context.enabled().filter(|it| it.service.environment.contains_key(BY_LABEL)) {
        let profiles = message::list(member.service.profiles.iter().map(String::as_str));
        findings.warning(
            member.name,
            format!("`{}` is on and updates nothing: no service follows its tag", member.name),
            format!("take {profiles} out of `COMPOSE_PROFILES`{or}"),
        );
    }
}
