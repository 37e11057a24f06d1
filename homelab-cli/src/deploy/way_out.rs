//! What a person reads about a broken house: why it is broken, and what to do.

use std::fmt::Write as _;

use homelab_core::compose::File;
use homelab_core::compose::label;
use homelab_core::report::receipt::{Outcome, Receipt};
use indexmap::IndexMap;

use super::journal::Journal;
use super::place::HousePlace;
use super::wanted::Wanted;
use super::{between, receipt};
use crate::error::Error;
use crate::message;

/// What to do about a house whose release is not healthy.
pub(super) const MEND: &str = "`homelab status` says what is unwell; deploy a release that mends it, or choose an older one with \
     `homelab rollback RELEASE`";

fn reason(file: &File, service: &str) -> String {
    let label = file.services.get(service).and_then(|it| it.labels.get(label::ONE_WAY));
    label.cloned().unwrap_or_else(|| "an older release cannot work on its data".to_owned())
}

/// Why the house is broken.
pub(super) fn told(
    failed: &str,
    journal: &Journal,
    file: &File,
    newer: &IndexMap<String, String>,
) -> String {
    if newer.is_empty() {
        return failed.to_owned();
    }
    let names = message::list(newer.keys().map(String::as_str));
    let reasons: Vec<_> =
        newer.keys().map(|it| format!("  `{it}`: {}", reason(file, it))).collect();
    let older = journal
        .from
        .as_ref()
        .map_or_else(|| "what ran before".to_owned(), |it| format!("the older release {it}"));
    format!(
        "{failed}\nthe house stays on {}: {names} may have changed data for it, and {older} cannot work \
         on that\n{}",
        journal.to,
        reasons.join("\n")
    )
}

/// What to do: deploy a release that mends it, or go back to the older one with its data.
pub(super) fn way_out(place: &HousePlace, journal: &Journal) -> Result<String, Error> {
    let receipts = receipt::load_all(place)?;
    // If the house was broken before, too, the way back leads to the last healthy release.
    let well = receipt::broken(&receipts).and_then(|_| {
        let is_well = |receipt: &&Receipt| {
            let outcome = receipt.outcome;
            matches!(outcome, Outcome::Deployed | Outcome::NothingToDo | Outcome::RolledBack)
        };
        receipts.iter().rfind(is_well)?.runs.as_ref()
    });
    let older = well.or(journal.from.as_ref()).filter(|it| **it != journal.to);
    let Some(Ok(wanted)) = older.map(|it| Wanted::as_it_ran(place, it)) else {
        return Ok(MEND.to_owned());
    };
    let between = between::find_between(place, &journal.to, &wanted, Some(journal))?;
    let dumps: Vec<_> = between.databases.iter().filter_map(|it| it.1.as_ref()).collect();
    let lost = between.databases.iter().filter(|it| it.1.is_none()).map(|it| &it.0);
    let lost: Vec<_> = lost.chain(between.others.iter().map(|it| &it.0)).collect();
    let mut line = "deploy a release that mends it, or go back with `homelab rollback".to_owned();
    if older != journal.from.as_ref() {
        let _ = write!(line, " {}", wanted.manifest.release);
    }
    if !dumps.is_empty() {
        line.push_str(" --restore");
    }
    if !lost.is_empty() {
        line.push_str(" --keep-data");
    }
    line.push('`');
    for it in dumps {
        let it = it.display();
        let _ = write!(line, "; it puts back {it}, and what was written since is kept");
    }
    if !lost.is_empty() {
        let names = message::list(lost.into_iter().map(String::as_str));
        let _ = write!(
            line,
            "; before that, put back a copy of the volumes of {names} from before, which no dump of this host \
             replaces"
        );
    }
    if let Some(caveat) = between.caveat() {
        let _ = write!(line, "; {caveat}");
    }
    Ok(line)
}
