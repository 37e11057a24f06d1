//! The updater's socket proxy knows the folder of this house.
//!
//! The proxy only lets the updater create containers that mount the paths of services that are
//! updated without review. These paths are in the house's folder, for which Compose has no
//! variable. Watchtower removes the old container first and does not bring it back: when the proxy
//! refuses the new container, the service stays away until somebody starts it again.
//!
//! Fix: set `HOUSE_PATH` in `.env` to the folder, as `homelab init` does in a new one.

use homelab_core::checks::finding::{Finding, Severity};
use homelab_core::compose::interpolate;

use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule =
    HostRule { id: "host-house-path", source: include_str!("house_path.rs"), run };

fn run(context: &Context<'_>, findings: &mut Findings) {
    let Some(variable) = context.house.declared.house else { return };
    let value = context.project.value(&variable);
    let folder = context.house.mounted_from();
    if folder.to_str() == Some(value.trim_end_matches('/')) {
        return;
    }
    let folder = folder.display();
    let names_it =
        |text: &String| interpolate::variables(text).iter().any(|it| it == variable.name());
    for member in context.enabled().filter(|it| it.service.environment.values().any(names_it)) {
        let name = member.name;
        let message = format!(
            "`{variable}` is `{value}`, and this house lies in `{folder}`: `{name}` would refuse \
             the new container of an update, and the old one is removed before: the service stays away"
        );
        let help = format!(
            "set `{variable}={folder}` in `.env`; `docker compose up -d {name}` or a deploy tells it"
        );
        let line = context.settings.dotenv.entries.get(variable.name()).map(|it| it.line);
        let finding = context.settings.finding(Severity::Error, line, message, help);
        findings.list.push(Finding { rule: RULE.id.to_owned(), ..finding });
    }
}
