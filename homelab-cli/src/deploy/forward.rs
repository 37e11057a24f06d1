//! The way forward: the checks before anything is touched, and the deploy itself.

use homelab_core::checks::finding::{Finding, Severity};
use homelab_core::compose::File;
use homelab_core::release::plan::{Action, Plan};
use homelab_core::report::receipt::{Outcome, Receipt};
use indexmap::IndexMap;

use super::back::{self, Cause};
use super::dump::Database;
use super::happened::{happened, surprises};
use super::journal::Journal;
use super::run::Run;
use super::wanted::Wanted;
use super::{build, health, migration, one_way, prune, receipt, switch};
use crate::docker::seen::Seen;
use crate::error::Error;
use crate::message;

/// Says why the rules of this host forbid a release, if they do.
pub(super) fn forbidden(run: &Run<'_>, wanted: &Wanted) -> Option<String> {
    let findings = (run.request.checks.rules)(run.place, wanted);
    because("the rules of this host forbid it", findings.iter())
}

/// Checks the host, and builds and pulls the images. Says why the host is not ready, if it is not.
pub(super) fn unready(
    run: &mut Run<'_>,
    wanted: &Wanted,
    seen: &Seen,
    plan: &Plan,
) -> Result<Option<String>, Error> {
    run.phase("preflight");
    let missing = switch::missing_images(wanted)?;
    let pulls = !missing.is_empty();
    let findings = (run.request.checks.host)(run.place, wanted, seen, pulls, plan)?;
    let errors = findings.iter().filter(|it| it.severity == Severity::Error);
    if let Some(because) = because("this host is not ready", errors) {
        return Ok(Some(because));
    }
    let contexts = build::contexts(wanted, &missing);
    if !contexts.is_empty() {
        run.phase("building");
    }
    for context in contexts {
        run.tell(context.0);
        if let Err(error) = build::build(run.place, wanted, context) {
            return Ok(Some(format!("an image could not be built: {}", message::chain(&error))));
        }
    }
    run.phase("pulling");
    let pulled = switch::pull(run, wanted);
    Ok(pulled
        .err()
        .map(|error| format!("an image could not be pulled: {}", message::chain(&error))))
}

/// Says which migrations a plan would stop halfway, if it would, and what one can do instead of waiting.
pub(super) fn cuts_off(
    run: &Run<'_>,
    wanted: &Wanted,
    seen: &Seen,
    plan: &Plan,
    otherwise: &str,
) -> Result<Option<String>, Error> {
    let migrations = migration::cut_off(run.place, wanted, seen, plan)?;
    let lines: Vec<_> = migrations.iter().map(|it| format!("  {it}")).collect();
    Ok((!lines.is_empty()).then(|| {
        format!(
            "it would stop a migration halfway:\n{}\nwait until `homelab status` no longer says so, or \
             {otherwise}",
            lines.join("\n")
        )
    }))
}

fn because<'a>(what: &str, findings: impl Iterator<Item = &'a Finding>) -> Option<String> {
    let lines: Vec<_> = findings.map(ToString::to_string).collect();
    (!lines.is_empty()).then(|| format!("{what}:\n{}", lines.join("\n")))
}

/// Makes a release the one that runs, or goes back to the old one. In both cases a receipt says how it ended.
pub(super) fn go_forward(
    run: &mut Run<'_>,
    wanted: &Wanted,
    mut journal: Journal,
    seen: &Seen,
    plan: &Plan,
) -> Result<Receipt, Error> {
    let place = run.place;
    let receipts = receipt::load_all(place)?;
    // Written before anything starts: a recovery reads here what may have been started.
    let changes =
        one_way::image_changes(place, &receipts, journal.from.as_ref(), wanted, seen, plan);
    journal.newer = one_way::newer_images(&changes);
    // In a house that was left broken, all services have to become healthy.
    if receipt::broken(&receipts).is_none() {
        journal.unwell = health::unwell(seen).into_iter().collect();
    }
    journal.save(place)?;
    let receipt = match switch_to(run, wanted, &mut journal, seen, plan) {
        Ok(after) => {
            let happened = happened(seen, &after);
            Receipt {
                health: health::by_service(&after),
                surprises: surprises(plan, &happened),
                happened,
                images: changed_images(plan),
                dumps: journal.dumps.clone(),
                ..run.receipt(Outcome::Deployed, None)
            }
        }
        Err(error) => back::go_back(run, &journal, &Cause::Failed(error))?,
    };
    run.end(&receipt)?;
    if receipt.outcome == Outcome::Deployed {
        prune::prune(run.ui, place, run.request.keep)?;
    }
    Ok(receipt)
}

/// Makes a release the one that runs; returns what Docker showed when all services were healthy.
fn switch_to(
    run: &mut Run<'_>,
    wanted: &Wanted,
    journal: &mut Journal,
    seen: &Seen,
    plan: &Plan,
) -> Result<Seen, Error> {
    let wrong = switch::wrong_routes(wanted, plan);
    if !plan.dumps.is_empty() {
        let unwell = health::unwell(seen);
        // This deploy may be what mends a database that was unhealthy before.
        let databases = plan.dumps.iter().map(|it| (it, unwell.contains(it)));
        dump_databases(run, journal, seen, &wanted.after.file, databases)?;
    }
    run.phase("switching");
    let mut excused = journal.unwell.clone();
    excused.retain(|it| plan.step(it).is_some_and(|step| step.action == Action::Unchanged));
    let migrating = migration::deadlines(run.place, wanted, seen, &journal.newer)?;
    let after = switch::carry_out(run, wanted, plan, seen, &excused, &migrating)?;
    run.phase("asking the routes");
    switch::ask_routes(run, wanted, &wrong, &migrating)?;
    run.phase("flipping");
    wanted.keep_values(run.place)?;
    run.place.flip(&wanted.manifest.release)?;
    Ok(after)
}

/// Dumps databases. A database that may be down is left out, with a warning, if it does not come up.
pub(super) fn dump_databases<'a>(
    run: &mut Run<'_>,
    journal: &mut Journal,
    seen: &Seen,
    file: &File,
    databases: impl IntoIterator<Item = (&'a String, bool)>,
) -> Result<(), Error> {
    run.phase("dumping");
    for (service, may_be_down) in databases {
        let database = Database::of(seen, file, service)?;
        if may_be_down && !database.wakes(|it| run.ui.note(it))? {
            continue;
        }
        let Some(dump) = database.dump(run.place, &journal.id)? else {
            run.tell(format_args!("`{service}` has no database yet: there is nothing to dump"));
            continue;
        };
        run.tell(dump.display());
        journal.dumps.push(dump.display().to_string());
    }
    journal.save(run.place)
}

fn changed_images(plan: &Plan) -> IndexMap<String, (Option<String>, Option<String>)> {
    let changed = plan.services.iter().filter(|it| it.image_from != it.image_to);
    changed.map(|it| (it.service.clone(), (it.image_from.clone(), it.image_to.clone()))).collect()
}
