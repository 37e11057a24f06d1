//! What stands between a release that runs and an older one: databases and volumes that a newer image
//! has written.

use std::path::PathBuf;

use homelab_core::lower::{DATABASE_LABEL, ONE_WAY_LABEL};
use homelab_core::release::Id;

use super::place::Place;
use super::receipt;
use super::release::{self, Manifest};
use super::survey::Wanted;
use crate::error::Error;

/// What to do about data that a newer release has written; neither: stop, and say what stands between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Data {
    /// Put back the dumps that were taken when the release was left.
    pub(crate) restore: bool,
    /// Start the older release on what cannot be put back, or shall not be.
    pub(crate) keep: bool,
}

/// What stands between two releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Between {
    /// Database and the dump of before, where there is one.
    pub(super) databases: Vec<(String, Option<PathBuf>)>,
    /// Services whose volumes only a copy of before brings back, with the reason.
    pub(super) others: Vec<(String, String)>,
}

/// What stands between the release that runs and an older one: by their files, since a container may
/// be missing.
///
/// `dump` knows the dump of a database.
pub(super) fn between(
    place: &Place,
    current: &Id,
    wanted: &Wanted,
    dump: &dyn Fn(&str) -> Result<Option<PathBuf>, Error>,
) -> Result<Between, Error> {
    let (newer, old) = (Manifest::load(place, current)?, &wanted.after.file);
    let newer_file = release::compose_of(place, current)?;
    let label = |name: &str, label: &str| {
        let services = [old.services.get(name), newer_file.services.get(name)];
        services.into_iter().flatten().find_map(|it| it.labels.get(label)).cloned()
    };
    let mut between = Between::default();
    let changed = wanted.manifest.images.iter().filter(|(name, image)| {
        old.services.contains_key(*name) && newer.images.get(*name).is_some_and(|it| it != *image)
    });
    for (name, _) in changed {
        let Some(because) = label(name, ONE_WAY_LABEL) else { continue };
        let used = old.services[name].depends_on.keys();
        let databases: Vec<_> = std::iter::once(name)
            .chain(used)
            .filter(|it| label(it, DATABASE_LABEL).is_some())
            .collect();
        for database in &databases {
            if !between.databases.iter().any(|it| &it.0 == *database) {
                between.databases.push(((*database).clone(), dump(database)?));
            }
        }
        if databases.is_empty() {
            between.others.push((name.clone(), because));
        }
    }
    Ok(between)
}

/// The first dump that was taken after a release had run for the last time.
pub(super) fn dump_of(
    place: &Place,
    release: &Id,
    database: &str,
) -> Result<Option<PathBuf>, Error> {
    let receipts = receipt::all(place)?;
    let last = receipts.iter().rposition(|it| it.runs.as_ref() == Some(release));
    let mut since = receipts.iter().skip(last.map_or(receipts.len(), |it| it + 1));
    Ok(since.find_map(|it| is_dump_of(&it.id, &it.dumps, database)))
}

/// The dump of a database among those of one deploy, if it is there.
pub(super) fn is_dump_of(deploy: &str, dumps: &[String], database: &str) -> Option<PathBuf> {
    // `<deploy>-<service>-<database>.sql.gz`
    let beginning = format!("{deploy}-{database}-");
    let is_its = |it: &PathBuf| {
        it.file_name().is_some_and(|it| it.to_string_lossy().starts_with(&beginning))
    };
    dumps.iter().map(PathBuf::from).find(|it| is_its(it) && it.exists())
}

/// Stops unless somebody has said what shall become of the data.
pub(super) fn refuse(between: &Between, data: Data, to: &Id) -> Result<(), Error> {
    let mut lines = Vec::new();
    for (database, dump) in &between.databases {
        let settled = data.keep || data.restore && dump.is_some();
        let said = dump.as_ref().map_or_else(
            || "no dump of that time is known".to_owned(),
            |it| format!("`--restore` would put back {}", it.display()),
        );
        if !settled {
            lines.push(format!("the database `{database}`: {said}"));
        }
    }
    if !data.keep {
        for (service, because) in &between.others {
            lines.push(format!(
                "`{service}`: {because}; only a copy of its volumes of before brings it back"
            ));
        }
    }
    if lines.is_empty() { Ok(()) } else { Err(Error::DataBetween { to: to.to_string(), lines }) }
}

#[cfg(test)]
mod tests {
    use homelab_core::report::receipt::{Outcome, Receipt};

    use super::super::receipt::tests::{deployed, id};
    use super::super::rollback::tests::host;
    use super::*;

    fn dumped(place: &Place, mut receipt: Receipt) -> Receipt {
        let path = place.dumps().join(format!("{}-db-app.sql.gz", receipt.id));
        std::fs::write(&path, "").expect("it is ours");
        receipt.dumps.push(path.display().to_string());
        receipt
    }

    #[test]
    fn the_dump_is_that_of_the_moment_when_the_release_was_left_for_good() {
        let (_folder, place) = host(&[]);
        let write = |it: &Receipt| receipt::append(it, &place).expect("there is room");
        write(&deployed("release0", "release1"));
        // A deploy that failed long ago, with a dump of then.
        let failed = Receipt {
            outcome: Outcome::RolledBack,
            runs: Some(id("release1")),
            ..dumped(&place, deployed("release1", "failed00"))
        };
        write(&failed);
        write(&deployed("release1", "release2"));
        assert_eq!(dump_of(&place, &id("release1"), "db").expect("readable"), None);
        let left = dumped(&place, deployed("release2", "release3"));
        write(&left);
        write(&dumped(&place, deployed("release3", "release4")));
        let found = dump_of(&place, &id("release1"), "db").expect("readable");
        assert_eq!(found.map(|it| it.display().to_string()).as_ref(), left.dumps.first());
        assert_eq!(dump_of(&place, &id("release1"), "d").expect("readable"), None);
    }
}
