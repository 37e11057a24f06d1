//! The way back from a deploy that failed. It leads to the old release, unless that would start an older image
//! on data that a newer one may have changed. Then the house stays on the new release.

use homelab_core::compose::label;
use homelab_core::release::databases;
use homelab_core::release::plan::{Action, Plan};
use homelab_core::report::receipt::{Outcome, Receipt};
use indexmap::{IndexMap, IndexSet};

use super::dump::Database;
use super::happened::happened;
use super::journal::{Exchanged, Journal};
use super::place::HousePlace;
use super::run::Run;
use super::wanted::Wanted;
use super::{health, migration, one_way, receipt, release, switch, way_out};
use crate::docker::{self, seen};
use crate::error::Error;
use crate::message;

/// Why a deploy cannot go on.
#[derive(Debug)]
pub(super) enum Cause {
    /// It was killed, or the power failed.
    Interrupted,
    /// It failed.
    Failed(Error),
}

impl Cause {
    fn text(&self) -> String {
        match self {
            Self::Interrupted => "it was interrupted".to_owned(),
            Self::Failed(error) => message::chain(&error),
        }
    }

    /// Whether a second attempt may succeed. It cannot where a service stayed unhealthy for its whole time.
    const fn may_pass(&self) -> bool {
        !matches!(self, Self::Failed(Error::Unhealthy(_)))
    }
}

/// Ends a deploy that cannot go on. Afterwards the whole house runs the old release, or the whole house runs
/// the new one.
pub(super) fn go_back(
    run: &mut Run<'_>,
    journal: &Journal,
    cause: &Cause,
) -> Result<Receipt, Error> {
    let because = cause.text();
    run.ui.note(format_args!("error: {because}"));
    let place = run.place;
    resume(place, journal)?;
    let newer = one_way::started(place, journal)?;
    // Where only `.env` changed, both releases are the same, and going back is safe.
    let is_another = journal.from.as_ref() != Some(&journal.to);
    let has_come = is_another && place.current()?.as_ref() == Some(&journal.to);
    if has_come || newer.keys().any(|it| !is_put_back(place, journal, it)) {
        return stay_on_new(run, journal, cause, &newer);
    }
    run.phase("going back");
    let receipt = match &journal.from {
        Some(from) => {
            put_data_back(run, journal)?;
            let wanted = Wanted::as_it_ran(place, from)?;
            let settled = bring_up(run, journal, &wanted)?;
            let is_well = settled.outcome == Outcome::Deployed;
            let outcome = if is_well { Outcome::RolledBack } else { settled.outcome };
            Receipt { outcome, ..settled }
        }
        None => undo_first(run, journal)?,
    };
    let also = receipt.because.iter().map(|it| format!("; going back: {it}"));
    let because = std::iter::once(because).chain(also).collect();
    Ok(Receipt { because: Some(because), dumps: journal.dumps.clone(), ..receipt })
}

/// Goes on with services that were paused for a dump.
fn resume(place: &HousePlace, journal: &Journal) -> Result<(), Error> {
    let releases = [Some(&journal.to), journal.from.as_ref()];
    let files = releases.into_iter().flatten().filter_map(|it| release::compose_of(place, it).ok());
    let files: Vec<_> = files.collect();
    let Some(project) = files.first().map(|it| it.name.clone()) else { return Ok(()) };
    let seen = docker::see_project(&project)?;
    let paused = seen.containers.iter().filter(|container| {
        // The container of before may lack the label.
        let label = seen::label(container, label::DATABASE).and_then(|it| it.parse().ok());
        let name = seen::service(container).unwrap_or_default();
        let mut says =
            label.into_iter().chain(files.iter().filter_map(|it| databases::of(it, name)));
        seen::text(container, "/State/Status") == Some("paused") && says.any(|it| !it.has_server())
    });
    for id in paused.filter_map(|it| seen::text(it, "/Id")) {
        docker::change(&["unpause", id])?;
    }
    Ok(())
}

/// Whether the data of a service is in a database that this rollback has restored. The way back undoes that, so
/// that the old release fits its data again.
fn is_put_back(place: &HousePlace, journal: &Journal, service: &str) -> bool {
    let releases = [Some(&journal.to), journal.from.as_ref()];
    let files = releases.into_iter().flatten().filter_map(|it| release::compose_of(place, it).ok());
    let mut used: IndexSet<_> = [service.to_owned()].into();
    for file in files {
        used.extend(databases::migrated_by(&file, service).map(str::to_owned));
    }
    journal.restored.iter().any(|it| used.contains(&it.service))
}

/// Keeps the house on the new release. If not all services become healthy, the receipt says what leads out. No
/// service that may be migrating its data is stopped.
///
/// `newer` are the services that keep the house from going back.
fn stay_on_new(
    run: &mut Run<'_>,
    journal: &Journal,
    cause: &Cause,
    newer: &IndexMap<String, String>,
) -> Result<Receipt, Error> {
    run.phase("staying on the new release");
    let place = run.place;
    let wanted = Wanted::as_staged(place, &journal.to)?;
    let receipt = if cause.may_pass() {
        bring_up(run, journal, &wanted)?
    } else {
        run.receipt(Outcome::Broken, Some(cause.text()))
    };
    let images = newer.iter().map(|(name, it)| (name.clone(), (None, Some(it.clone()))));
    let receipt = Receipt { images: images.collect(), dumps: journal.dumps.clone(), ..receipt };
    if receipt.outcome == Outcome::Deployed {
        return Ok(receipt);
    }
    stop_old(run, &wanted, newer)?;
    if place.current()?.as_ref() != Some(&journal.to) {
        place.flip(&journal.to)?;
    }
    let failed = receipt.because.unwrap_or_default();
    let mut help = way_out::way_out(place, journal)?;
    let seen = docker::see_project(&wanted.raw.name)?;
    let migrations = migration::under_way(place, &wanted, &seen, newer)?;
    if !migrations.is_empty() {
        let names = message::list(migrations.iter().map(|it| it.service.as_str()));
        help =
            format!("first let the migration of {names} end, which `homelab status` tells; {help}");
    }
    let because = way_out::told(&failed, journal, &wanted.after.file, newer);
    Ok(Receipt { because: Some(because), help: Some(help), runs: place.current()?, ..receipt })
}

/// Stops services of the old release that use a service of the new one.
fn stop_old(
    run: &mut Run<'_>,
    wanted: &Wanted,
    newer: &IndexMap<String, String>,
) -> Result<(), Error> {
    let (seen, plan) = wanted.plan(Some(&wanted.manifest.release))?;
    let users = migration::users(&wanted.after.file, newer.keys());
    let is_old = |it: &&str| users.contains(*it) && !newer.contains_key(*it);
    let old: Vec<_> = plan.with(Action::Recreated).filter(is_old).collect();
    let containers = old.iter().flat_map(|it| seen.of(it));
    let ids: Vec<_> = containers.filter_map(|it| seen::text(it, "/Id")).collect();
    if ids.is_empty() {
        return Ok(());
    }
    run.tell(format_args!("stopping {}, which the old release left", old.join(", ")));
    docker::change(&[&["stop"][..], &ids].concat())
}

/// Brings a release up. The receipt says `deployed`, or `broken` where it does not become healthy.
fn bring_up(run: &mut Run<'_>, journal: &Journal, wanted: &Wanted) -> Result<Receipt, Error> {
    let (place, id) = (run.place, &wanted.manifest.release);
    wanted.write_resolved(place)?;
    let none = IndexMap::new();
    // The other release has the older images.
    let newer = if *id == journal.to { &journal.newer } else { &none };
    let mut attempt = || {
        let (seen, plan) = wanted.plan(Some(id))?;
        let migrating = migration::deadlines(place, wanted, &seen, newer)?;
        let ended = switch::carry_out(run, wanted, &plan, &seen, &journal.unwell, &migrating);
        let ended = ended.and_then(|after| {
            switch::ask_migrating(run, wanted, &migrating)?;
            Ok(after)
        });
        Ok::<_, Error>((seen, ended))
    };
    let (seen, mut ended) = attempt()?;
    // Docker may have been restarting, which says nothing of the release.
    if ended.as_ref().is_err_and(Error::is_of_a_program) {
        ended = attempt()?.1;
    }
    match ended {
        Ok(after) => {
            if place.current()?.as_ref() != Some(id) {
                if *id == journal.to {
                    wanted.keep_values(place)?;
                }
                place.flip(id)?;
            }
            let receipt = run.receipt(Outcome::Deployed, None);
            let happened = happened(&seen, &after);
            let health = health::by_service(&after);
            Ok(Receipt { happened, health, ..receipt })
        }
        // Only these say something of the release. Other errors, such as a full disk, are for a person to mend
        // before the next attempt.
        Err(error) if error.is_of_a_program() || matches!(error, Error::Unhealthy(_)) => {
            let receipt = run.receipt(Outcome::Broken, Some(message::chain(&error)));
            // In a house that was broken before, the help of then still counts.
            let receipts = receipt::load_all(place)?;
            let before = receipt::broken(&receipts).and_then(|it| it.help.clone());
            let help = before.unwrap_or_else(|| way_out::MEND.to_owned());
            Ok(Receipt { help: Some(help), ..receipt })
        }
        Err(error) => Err(error),
    }
}

/// Undoes a first deploy, which has no old release: its containers go, their data stays.
fn undo_first(run: &mut Run<'_>, journal: &Journal) -> Result<Receipt, Error> {
    let wanted = Wanted::as_staged(run.place, &journal.to)?;
    let (seen, mut plan) = wanted.plan(None)?;
    let made: Vec<_> = seen.marks().into_keys().filter(|it| !journal.before.contains(it)).collect();
    plan.services.retain(|it| made.contains(&it.service));
    let made = plan.services.iter();
    // Later deploys must not start older images than these.
    let images = made.map(|it| (it.service.clone(), (None, it.image_from.clone()))).collect();
    for it in &mut plan.services {
        it.action = Action::Stopped;
    }
    let plan = Plan { changes: !plan.services.is_empty(), ..plan };
    switch::remove_containers(run, &plan, &seen)?;
    if journal.before.is_empty() {
        return Ok(Receipt { images, ..run.receipt(Outcome::RolledBack, None) });
    }
    let because = "there is no release to go back to, and containers of this project ran before \
                   the first one";
    let help = "look at them with `docker compose ls` and `docker ps`, then deploy again";
    let receipt = run.receipt(Outcome::Broken, Some(because.to_owned()));
    Ok(Receipt { images, help: Some(help.to_owned()), ..receipt })
}

/// Undoes what a failed rollback has restored.
fn put_data_back(run: &mut Run<'_>, journal: &Journal) -> Result<(), Error> {
    if journal.restored.is_empty() {
        return Ok(());
    }
    let file = release::compose_of(run.place, &journal.to)?;
    let from = journal.from.as_ref().and_then(|it| release::compose_of(run.place, it).ok());
    let seen = docker::see_project(&file.name)?;
    for Exchanged { service, kept } in &journal.restored {
        run.tell(format_args!("putting the data of `{service}` back"));
        let files = std::iter::once(&file).chain(&from);
        let ended = Database::of(&seen, &file, service).and_then(|database| {
            switch::stop_users(&seen, files, &database)?;
            database.wake()?;
            database.undo(kept, run.place)
        });
        ended.map_err(|error| Error::DataNotPutBack {
            service: service.clone(),
            kept: kept.clone(),
            source: Box::new(error),
        })?;
    }
    Ok(())
}
