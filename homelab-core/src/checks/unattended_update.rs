//! No service that keeps what matters, or reaches what matters, is updated unattended.
//!
//! An update can migrate data so that the old version no longer reads it. If nobody looks,
//! the first to notice is whoever needs the data, and the backups are newer than the fault.
//! And an update that nobody reviewed may be anybody's program: it gets to talk to the proxy and
//! to nobody else in the house.
//!
//! Watchtower itself reads that label only with `WATCHTOWER_LABEL_ENABLE`; without it, it updates every
//! service. Its schedule has six fields, seconds first: it takes five for another time or ends. And at
//! another host's engine it updates what this house knows nothing of.
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
        updater(project, &member, findings);
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

/// Judges Watchtower's settings: <https://containrrr.dev/watchtower/arguments/>, and the same ones of
/// its maintained fork.
fn updater(project: &Project<'_>, member: &Member<'_>, findings: &mut Findings) {
    let environment = &member.service.environment;
    if !environment.keys().any(|it| it.starts_with("WATCHTOWER_")) {
        return;
    }
    // What a variable without a default will say is known on the host.
    let value = |key: &str| {
        let value = project.resolve(environment.get(key)?);
        Some(value).filter(|it| !it.starts_with('$') && !it.is_empty())
    };
    let mut report = |key: &str, value: &str, fault: &str, help: &str| {
        let message = format!("`{}` {fault}: `{key}` is `{value}`", member.name);
        findings.on(member, message, help.to_owned());
    };
    let is_true = |it: &str| ["1", "t", "true"].contains(&it.to_ascii_lowercase().as_str());
    // One that only tells of updates makes none.
    let tells = value(MONITOR_ONLY).is_some_and(|it| is_true(&it));
    if let Some(all) = value(LABEL_ENABLE).filter(|it| !is_true(it) && !tells) {
        let help = "write `true`: then it updates services with the label alone";
        report(LABEL_ENABLE, &all, "updates every service unattended", help);
    }
    let is_right = |it: &str| it.starts_with('@') || it.split_whitespace().count() == 6;
    if let Some(schedule) = value(SCHEDULE).filter(|it| !is_right(it)) {
        let help = "write six fields, seconds first, such as `0 0 4 * * *`";
        report(SCHEDULE, &schedule, "has a schedule that is not of six fields", help);
    }
    // The rule `docker-socket` judges a socket, and `dangling-host` a name without a dot.
    let is_far = |it: &str| {
        let address = it.split_once("://").filter(|it| it.0 != "unix").map(|it| it.1);
        address.is_some_and(|it| it.contains(['.', '[']) && !it.starts_with("127."))
    };
    if let Some(engine) = value(DOCKER_HOST).filter(|it| is_far(it)) {
        let help = "let it use a socket proxy of this house";
        report(DOCKER_HOST, &engine, "updates the services of another host", help);
    }
}

const LABEL_ENABLE: &str = "WATCHTOWER_LABEL_ENABLE";
const MONITOR_ONLY: &str = "WATCHTOWER_MONITOR_ONLY";
const SCHEDULE: &str = "WATCHTOWER_SCHEDULE";
const DOCKER_HOST: &str = "DOCKER_HOST";

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
    use crate::checks::testing::{CATALOGUE, break_both, break_file, good, spec};
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

    #[test]
    fn an_updater_of_everything_is_found() {
        let with = |pairs: &[(&str, &str)]| {
            break_file(|file| {
                let pairs = pairs.iter().map(|it| (it.0.to_owned(), it.1.to_owned()));
                file.services["fetch"].environment.extend(pairs);
            })
        };
        insta::assert_snapshot!(with(&[(LABEL_ENABLE, "false")]), @r"
        error[unattended-update]: `fetch` updates every service unattended: `WATCHTOWER_LABEL_ENABLE` is `false`
          --> fetch.rs
          help: write `true`: then it updates services with the label alone
        ");
        insta::assert_snapshot!(with(&[(SCHEDULE, "0 4 * * *")]), @r"
        error[unattended-update]: `fetch` has a schedule that is not of six fields: `WATCHTOWER_SCHEDULE` is `0 4 * * *`
          --> fetch.rs
          help: write six fields, seconds first, such as `0 0 4 * * *`
        ");
        let right = [(LABEL_ENABLE, "true"), (SCHEDULE, "0 0 4 * * *")];
        let other = [&right[..], &[(DOCKER_HOST, "tcp://10.0.0.7:2375")]].concat();
        insta::assert_snapshot!(with(&other), @r"
        error[unattended-update]: `fetch` updates the services of another host: `DOCKER_HOST` is `tcp://10.0.0.7:2375`
          --> fetch.rs
          help: let it use a socket proxy of this house
        ");
        assert_eq!(with(&right), "");
        assert_eq!(
            with(&[(SCHEDULE, "@daily"), (LABEL_ENABLE, "${ALL:?say it}")]).find(RULE.id),
            None
        );
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
