//! No service that keeps what matters, or reaches what matters, is updated unattended.
//!
//! An update can migrate data so that the old version no longer reads it. If nobody looks,
//! the first to notice is whoever needs the data, and the backups are newer than the fault.
//! And an update that nobody reviewed may be anybody's program: it gets to talk to the proxy and
//! to nobody else in the house.
//!
//! Fix: remove the updater's label, and update the service by raising its image's version; or take
//! the service off the networks that it shares.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::interpolate;
use crate::compose::label;
use crate::dsl::resource::{Mount, Policy};
use crate::dsl::service::RoleKind;
use crate::model::project::{Member, Project};

pub(super) const RULE: Rule = Rule {
    id: "unattended-update",
    severity: Severity::Error,
    source: include_str!("unattended_update.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        // A switch counts, whatever it is set to today.
        let is_on =
            |it: &String| !interpolate::variables(it).is_empty() || it.eq_ignore_ascii_case("true");
        if !member.service.labels.get(label::UPDATE).is_some_and(is_on) {
            continue;
        }
        if let Some(what) = keeps(&member) {
            findings.on(
                &member,
                format!("`{}` is updated unattended and {what}", member.name),
                format!("remove the label `{}`", label::UPDATE),
            );
            continue;
        }
        if !project.knows_the_proxy() {
            continue;
        }
        let neighbours = project.neighbours(&member).into_iter();
        for other in neighbours.filter(|it| it.role() != Some(RoleKind::Edge)) {
            let (name, other) = (member.name, other.name);
            findings.on(
                &member,
                format!("`{name}` is updated unattended and shares a network with `{other}`"),
                format!("remove the label `{}`, or take `{name}` off that network", label::UPDATE),
            );
        }
    }
}

/// Returns what would be lost, by what the author says, else by the image's contract.
fn keeps(member: &Member<'_>) -> Option<String> {
    let facts = member.facts();
    let is_precious = |it: &&Mount<()>| matches!(it.policy, Policy::Dump | Policy::Offsite);
    if let Some(mount) = facts.mounts.iter().find(is_precious) {
        return Some(format!("keeps precious data at `{}`", mount.target));
    }
    if facts.role == Some(RoleKind::Data) {
        return Some("is a database".to_owned());
    }
    let path = facts.contract.filter(|_| !facts.is_declared)?.data.items().first()?;
    Some(format!("keeps data at `{path}`"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::check;
    use crate::checks::testing::{CATALOGUE, break_both, good, spec};
    use crate::dsl::privilege::Waiver;
    use crate::dsl::stack::Stack;
    use crate::lower::lower;
    use crate::prelude::Volume;

    fn with_label(name: &str, stack: impl FnOnce(&mut Stack)) -> String {
        break_both(stack, |file| {
            file.services[name].labels.insert(label::UPDATE.to_owned(), "true".to_owned());
        })
    }

    #[test]
    fn a_service_with_precious_data_is_found() {
        insta::assert_snapshot!(with_label("caddy", |_| {}), @r"
        error[unattended-update]: `caddy` is updated unattended and keeps precious data at `/data`
          --> caddy.rs
          help: remove the label `com.centurylinklabs.watchtower.enable`
        ");
    }

    #[test]
    fn a_database_is_found_even_without_precious_data() {
        let cache = Volume::scratch("db", "a cache").at("/db").erase();
        let found = with_label("db", |stack| {
            let db = spec(stack, "db");
            db.mounts = vec![cache];
            db.waivers.push(Waiver { rule: "database-backup", what: "/db", because: "a cache" });
        });
        insta::assert_snapshot!(found, @r"
        error[unattended-update]: `db` is updated unattended and is a database
          --> db.rs
          help: remove the label `com.centurylinklabs.watchtower.enable`
        ");
    }

    #[test]
    fn a_switch_that_is_off_counts() {
        let mut file = lower(&good());
        let switch = "${FOLLOW+true}${FOLLOW-false}";
        file.services["db"].labels.insert(label::UPDATE.to_owned(), switch.to_owned());
        let found = check(&Project::from_file(file, &CATALOGUE)).findings;
        assert!(found.iter().any(|it| it.rule == RULE.id));
    }

    #[test]
    fn a_service_that_keeps_nothing_is_not_found() {
        assert_eq!(with_label("fetch", |_| {}), "");
    }

    #[test]
    fn a_service_that_reaches_another_one_is_found() {
        let found = with_label("fetch", |stack| {
            let name = spec(stack, "dump").name;
            spec(stack, "fetch").peers.push(name);
        });
        insta::assert_snapshot!(found, @r"
        error[unattended-update]: `fetch` is updated unattended and shares a network with `dump`
          --> fetch.rs
          help: remove the label `com.centurylinklabs.watchtower.enable`, or take `fetch` off that network
        ");
    }

    /// Returns what is found in the good example's file alone, when this service has the label.
    fn in_file_alone(name: &str) -> Vec<String> {
        let mut file = lower(&good());
        file.services[name].labels.insert(label::UPDATE.to_owned(), "true".to_owned());
        let found = check(&Project::from_file(file, &CATALOGUE)).findings;
        found.into_iter().filter(|it| it.rule == RULE.id).map(|it| it.message).collect()
    }

    #[test]
    fn a_file_alone_is_judged_by_the_image() {
        assert_eq!(in_file_alone("db"), ["`db` is updated unattended and is a database"]);
        // The neighbour may be the proxy, which an updated service may talk to.
        assert_eq!(in_file_alone("socket"), [""; 0]);
    }
}
