//! Drift: what differs from the release that was deployed, and what to do about it.

use homelab_core::checks::finding::{Finding, Severity};
use homelab_core::model::project::split_image;
use homelab_core::release::Id;
use homelab_core::release::diff::Change;
use homelab_core::release::observe;
use homelab_core::release::plan::{Action, Plan, Step};
use homelab_core::report::receipt::Receipt;
use homelab_core::report::status::Status;
use indexmap::IndexMap;

use super::journal::Journal;
use super::lock::Lock;
use super::migration::{self, Migration};
use super::place::HousePlace;
use super::receipt;
use super::release::{self, Manifest};
use super::wanted::Wanted;
use super::{bundle, files, health, prune, way_out};
use crate::docker::seen::{self, Seen};
use crate::error::Error;
use crate::message;

/// Compares the house with its release, and changes nothing.
///
/// The disk is read before Docker is asked, so that a hung engine or an unreadable `.env` hides nothing. What
/// cannot be found out becomes a finding, too.
pub(crate) fn status(place: &HousePlace) -> Status {
    let mut findings = Vec::from_iter(interrupted(place));
    let (mut receipts, unread) = known(receipt::read(place), &mut findings).unwrap_or_default();
    findings.extend(unread_receipts(place, &unread));
    let broken = receipt::broken(&receipts).map(leads_out);
    findings.extend(broken.clone().map(|(because, help)| {
        error(
            "drift-broken",
            "the house",
            format!("the last deploy left it broken: {because}"),
            &help,
        )
    }));
    let current = place.current().and_then(|it| it.ok_or(Error::NothingDeployed));
    let current = known(current, &mut findings);
    // The reads above have already reported what this cannot read.
    let mut kept = prune::kept_releases(place, usize::MAX).unwrap_or_default();
    kept.retain(|it| Some(it) != current.as_ref());
    let manifest = current.as_ref().map(|it| Manifest::load(place, it));
    let manifest = manifest.and_then(|it| known(it, &mut findings));
    let health = manifest.as_ref().and_then(|it| compared(place, it, &mut findings));
    findings.sort_by_key(|it| it.severity);
    Status {
        commit: manifest.map(|it| it.commit),
        release: current,
        broken: broken.map(|it| it.1),
        drift: findings.iter().any(|it| it.severity == Severity::Error),
        findings,
        health,
        kept,
        last: receipts.pop(),
    }
}

/// Compares the host with its release; returns the health of every service, where the engine answers.
fn compared(
    place: &HousePlace,
    manifest: &Manifest,
    findings: &mut Vec<Finding>,
) -> Option<IndexMap<String, String>> {
    let id = &manifest.release;
    let (settings, altered) = (settings(place, id), altered(place, manifest));
    let settings = known(settings, findings).flatten();
    let altered = known(altered, findings).unwrap_or_default();
    findings.extend(settings.into_iter().chain(altered));
    let wanted = known(Wanted::load(place, id, Some(id)), findings)?;
    let (seen, plan) = known(wanted.plan(Some(id)), findings)?;
    findings.extend(containers(&plan));
    findings.extend(foreign(&seen));
    findings.extend(digests(&seen, &wanted));
    let migrations = migration::under_way(place, &wanted, &seen, &IndexMap::new());
    let migrations = known(migrations, findings).unwrap_or_default();
    findings.extend(migrations.iter().map(migrating));
    let told = |it: &Finding| migrations.iter().any(|migration| migration.service == it.subject);
    findings.extend(unhealthy(&seen, &plan).into_iter().filter(|it| !told(it)));
    Some(health::by_service(&seen))
}

/// Returns a value, or makes its error a finding.
fn known<T>(part: Result<T, Error>, findings: &mut Vec<Finding>) -> Option<T> {
    let unknown = |cause: Error| {
        let help = cause.hint().unwrap_or_default();
        findings.push(error("drift-unknown", "the house", message::chain(&cause), &help));
    };
    part.map_err(unknown).ok()
}

fn error(rule: &str, subject: &str, message: String, help: &str) -> Finding {
    Finding {
        rule: rule.to_owned(),
        severity: Severity::Error,
        subject: subject.to_owned(),
        place: None,
        accept: None,
        message,
        help: help.to_owned(),
    }
}

/// For drift that another deploy of the same release removes.
const AGAIN: &str = "deploy this release again, or find out who changed it";

fn interrupted(place: &HousePlace) -> Option<Finding> {
    let wrong =
        |message: String, help: &str| error("drift-interrupted", "the house", message, help);
    let busy = Lock::held(place);
    let journal = match Journal::load(place) {
        Ok(Some(journal)) => journal,
        Ok(None) => {
            return busy.map(|holder| Finding {
                severity: Severity::Warning,
                ..error("drift-busy", "the house", format!("at work: {holder}"), WAIT)
            });
        }
        Err(error) => {
            return Some(wrong(message::chain(&error), &error.hint().unwrap_or_default()));
        }
    };
    let message = format!(
        "the {} of `{}` by {} since {} has not ended",
        journal.what.word(),
        journal.to,
        journal.actor,
        journal.started
    );
    Some(match busy {
        Some(holder) => wrong(format!("{message}; at work: {holder}"), WAIT),
        None => wrong(message, "nobody is at work on it any more: run `homelab recover`"),
    })
}

/// Why the house is broken, and what to do.
fn leads_out(receipt: &Receipt) -> (String, String) {
    let because = receipt.because.clone().unwrap_or_else(|| "nobody knows why".to_owned());
    (because, receipt.help.clone().unwrap_or_else(|| way_out::MEND.to_owned()))
}

fn unread_receipts(place: &HousePlace, lines: &[usize]) -> Option<Finding> {
    let numbers: Vec<_> = lines.iter().map(ToString::to_string).collect();
    let finding = error(
        "drift-receipts",
        "the house",
        format!(
            "`{}` cannot be read in line {}: what was deployed then is not known",
            place.receipts().display(),
            numbers.join(", ")
        ),
        "if a newer `homelab` has been at work here, install that one; else delete these lines",
    );
    (!lines.is_empty()).then_some(Finding { severity: Severity::Warning, ..finding })
}

/// What to do while somebody else is at work.
const WAIT: &str =
    "wait for it; every call of a program has a time limit, so that it ends by itself";

/// A `.env` that differs from the one with which the release became healthy.
fn settings(place: &HousePlace, id: &Id) -> Result<Option<Finding>, Error> {
    let (now, applied) = (files::read(&place.dotenv())?, files::read(&place.applied(id))?);
    let message = format!(
        "`.env` is not the one with which this release became healthy, `releases/{id}/applied.env`"
    );
    Ok((applied.is_some() && now != applied).then(|| Finding {
        severity: Severity::Warning,
        ..error(
            "drift-settings",
            ".env",
            message,
            "deploy to make it count, or put those values back",
        )
    }))
}

/// Files that are not those that were deployed.
fn altered(place: &HousePlace, manifest: &Manifest) -> Result<Vec<Finding>, Error> {
    let changed = |path: &str| {
        error("drift-file", path, format!("`{path}` is not the file that was deployed"), AGAIN)
    };
    let id = &manifest.release;
    let mut findings: Vec<_> = bundle::altered(place, manifest)
        .iter()
        .map(|it| changed(&format!("releases/{id}/{it}")))
        .collect();
    for (path, hash) in manifest.config() {
        if !release::is_file_with(&place.root.join(path), hash)? {
            findings.push(changed(path));
        }
    }
    for path in bundle::files_below(&place.root, "config")? {
        if !manifest.files.contains_key(&path) {
            let message = format!("`{path}` is in no release");
            findings.push(error("drift-file", &path, message, "remove it, or commit it"));
        }
    }
    Ok(findings)
}

/// Containers that a deploy would touch.
fn containers(plan: &Plan) -> Vec<Finding> {
    let touched = plan.services.iter().filter(|it| it.action != Action::Unchanged);
    touched.map(container).collect()
}

fn container(step: &Step) -> Finding {
    let name = &step.service;
    let because = step.because.clone().unwrap_or_default();
    match step.action {
        Action::Created => {
            error("drift-missing", name, format!("`{name}` has no container"), AGAIN)
        }
        Action::Started => error(
            "drift-stopped",
            name,
            format!("`{name}` is stopped"),
            &format!("`docker compose start {name}` in the house's folder, or deploy again"),
        ),
        Action::Stopped => {
            let message = format!("`{name}` has a container and should not: {because}");
            error("drift-zombie", name, message, "deploy again: its container goes, its data stays")
        }
        Action::Recreated | Action::Unchanged => {
            let mut changes: Vec<_> = step.changes.iter().map(said).collect();
            changes.extend((!because.is_empty()).then_some(because));
            let message = format!("`{name}` runs otherwise than deployed: {}", changes.join("; "));
            error("drift-changed", name, message, AGAIN)
        }
    }
}

/// A change in words. A plan leads from what runs to what was deployed.
fn said(change: &Change) -> String {
    let or = |it: &Option<String>| it.clone().unwrap_or_else(|| "nothing".to_owned());
    format!("{}: deployed is {}, what runs has {}", change.field, or(&change.to), or(&change.from))
}

/// Containers of the project that belong to no service.
fn foreign(seen: &Seen) -> Vec<Finding> {
    let foreign = seen.containers.iter().filter(|it| seen::service(it).is_none());
    foreign
        .map(|container| {
            let name = seen::text(container, "/Name").unwrap_or_default().trim_start_matches('/');
            let message = format!("the container `{name}` is of this project and of no service");
            error("drift-foreign", name, message, "`docker rm --force` it, if nobody needs it")
        })
        .collect()
}

/// Containers whose image has not the digest that was reviewed.
fn digests(seen: &Seen, wanted: &Wanted) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, service) in &wanted.after.file.services {
        let Some(digest) = service.image.as_deref().and_then(|it| split_image(it).digest) else {
            continue;
        };
        for container in seen.of(name) {
            let image = observe::image_id(container).and_then(|it| seen.images.get(it));
            // An image without a digest was loaded from a file and cannot be compared.
            let known = image.map(observe::digests).unwrap_or_default();
            if !known.is_empty() && !known.iter().any(|it| it.ends_with(digest)) {
                let message = format!("`{name}` runs another image than `{digest}`");
                findings.push(error("drift-digest", name, message, AGAIN));
            }
        }
    }
    findings
}

/// A service of a broken house that is to be left alone.
fn migrating(migration: &Migration) -> Finding {
    let help = "do not stop it; when it has ended, `homelab recover` looks at the house again";
    let finding = error("drift-migrating", &migration.service, migration.to_string(), help);
    Finding { severity: Severity::Warning, ..finding }
}

fn unhealthy(seen: &Seen, plan: &Plan) -> Vec<Finding> {
    let unwell = health::unwell(seen);
    let is_unchanged =
        |name: &&String| plan.step(name).is_some_and(|it| it.action == Action::Unchanged);
    let unchanged = unwell.iter().filter(is_unchanged);
    unchanged
        .map(|name| {
            let health = seen.of(name).next().map_or("gone", health::of);
            let starting = health == "starting";
            Finding {
                severity: if starting { Severity::Warning } else { Severity::Error },
                ..error(
                    "drift-unhealthy",
                    name,
                    format!("`{name}` is {health}"),
                    &format!("read its log: `docker compose logs {name}`"),
                )
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use homelab_core::report::receipt::{Deed, Outcome};

    use super::super::bundle::Bundle;
    use super::super::place::tests::host;
    use super::super::receipt::tests::{deployed, id};
    use super::*;
    use crate::program::played;

    #[test]
    fn neither_a_hung_engine_nor_a_missing_env_hides_who_is_at_work_and_what_is_broken() {
        let (_folder, place) = host();
        let _lock = Lock::take(&place, "a deploy", "grace").expect("it is free");
        let broken = Receipt { outcome: Outcome::Broken, ..deployed("release0", "release1") };
        receipt::append(&broken, &place).expect("there is room");
        let journal = Journal {
            id: "x".to_owned(),
            what: Deed::Deploy,
            from: None,
            to: id("release2"),
            actor: "grace".to_owned(),
            run_url: None,
            started: receipt::now(),
            before: Vec::new(),
            dumps: Vec::new(),
            newer: IndexMap::new(),
            unwell: Vec::new(),
            restored: Vec::new(),
        };
        journal.save(&place).expect("there is room");
        let _hung = played::hanging(Duration::from_millis(100));
        let also = |expected: &str| {
            let status = status(&place);
            assert!(status.drift && status.broken.is_some(), "{status:#?}");
            let found = |rule: &str, text: &str| {
                status.findings.iter().any(|it| it.rule == rule && it.message.contains(text))
            };
            assert!(found("drift-interrupted", "at work: a deploy of grace"), "{status:#?}");
            assert!(found("drift-unknown", expected), "{status:#?}");
        };
        also("nothing is deployed");
        let file = b"name: house\nservices: {}\n".to_vec();
        let bundle = Bundle::of_contents(
            id("release1"),
            "release1",
            [("compose.yaml".to_owned(), file)].into(),
        );
        bundle.expect("a valid file").stage(&place).expect("there is room");
        place.flip(&id("release1")).expect("there is room");
        also(".env");
        fs::write(place.dotenv(), "A=1\n").expect("the folder is ours");
        also("did not end within");
        fs::write(place.release(&id("release1")).join("release.json"), "").expect("it is ours");
        also("is not a manifest");
    }
}
