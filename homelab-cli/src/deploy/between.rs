//! What stands between a release that runs and an older one: databases and volumes that a newer image
//! has written.

use std::path::{Path, PathBuf};

use homelab_core::compose::label;
use homelab_core::compose::{File, Service};
use homelab_core::release::{Id, databases};
use homelab_core::report::receipt::{Outcome, Receipt};
use indexmap::IndexSet;

use super::journal::Journal;
use super::place::HousePlace;
use super::release::{self, Manifest};
use super::wanted::Wanted;
use super::{dump, one_way, receipt};
use crate::error::Error;
use crate::{message, versions};

/// What to do about data that a newer release has written. With neither, a rollback stops and says what it
/// found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Data {
    /// Restore the dumps that were taken when the older release was left.
    pub(crate) restore: bool,
    /// Start the older release on the data as it is, where no dump is restored.
    pub(crate) keep: bool,
    /// Stop a service that may be migrating its data at this moment.
    pub(crate) interrupt: bool,
}

/// What stands between two releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Between {
    /// Databases, each with the dump of before, if there is one.
    pub(super) databases: Vec<(String, Option<PathBuf>)>,
    /// Services without a database whose data is newer, each with the reason. Only a copy of their volumes
    /// brings the old data back.
    pub(super) others: Vec<(String, String)>,
    /// Databases whose server has another major version.
    pub(super) majors: Vec<String>,
}

impl Between {
    /// A warning about databases of another major version, which no option solves.
    pub(super) fn caveat(&self) -> Option<String> {
        let names = message::list(self.majors.iter().map(String::as_str));
        (!self.majors.is_empty()).then(|| {
            format!(
                "the server of {names} is of another major version: if the newer one has written its volume, the \
                 older one does not start on it, so first read `A database of another major version` in \
                 docs/runbooks/roll-back.md"
            )
        })
    }
}

/// What stands between the release that runs and an older one. This compares their files, since a container may
/// be missing, and reads the receipts, since a service may have come and gone.
///
/// `under_way` is the deploy that has no receipt yet.
pub(super) fn find_between(
    place: &HousePlace,
    current: &Id,
    wanted: &Wanted,
    under_way: Option<&Journal>,
) -> Result<Between, Error> {
    let (newer, old) = (Manifest::load(place, current)?, &wanted.after.file);
    let newer_file = release::compose_of(place, current)?;
    let receipts = receipt::load_all(place)?;
    let label = |name: &str, label: &str| {
        let services = [wanted.raw.services.get(name), newer_file.services.get(name)];
        services.into_iter().flatten().find_map(|it| it.labels.get(label)).cloned()
    };
    let is_changed = |name: &String, service: &Service| {
        let is_other = newer
            .images
            .get(name)
            .is_some_and(|it| wanted.manifest.images.get(name).is_some_and(|image| it != image));
        let ran = one_way::ran(&receipts, name).last();
        is_other || ran.is_some_and(|it| service.image.as_ref() != Some(it))
    };
    let mut between = Between::default();
    for (name, service) in old.services.iter().filter(|it| is_changed(it.0, it.1)) {
        let Some(because) = label(name, label::ONE_WAY) else { continue };
        let had = one_way::ran(&receipts, name).last().into_iter().chain(newer.images.get(name));
        let image = service.image.as_deref().unwrap_or_default();
        let mut had = had.map(String::as_str);
        // A dump of SQLite is the file itself: the older image gets the one that it wrote.
        let files = [&wanted.raw, &newer_file];
        let mut says = files.into_iter().filter_map(|it| databases::of(it, name));
        if says.any(|it| it.has_server()) && had.any(|it| !versions::is_same_major(it, image)) {
            between.majors.push(name.clone());
        }
        let databases: IndexSet<_> =
            files.into_iter().flat_map(|it| databases::migrated_by(it, name)).collect();
        for database in &databases {
            if !between.databases.iter().any(|it| it.0 == **database) {
                let left = Left { release: &wanted.manifest.release, database, files };
                let dump = left.dump(&receipts, under_way);
                let path = dump.map(|it| place.dumps().join(it)).filter(|it| it.exists());
                between.databases.push(((*database).to_owned(), path));
            }
        }
        if databases.is_empty() {
            between.others.push((name.clone(), because));
        }
    }
    Ok(between)
}

/// A database at the time when a release was left.
struct Left<'a> {
    release: &'a Id,
    database: &'a str,
    /// Files that say which services use it.
    files: [&'a File; 2],
}

impl Left<'_> {
    /// Name of the dump that was taken when the release was left for the last time, if it is known.
    ///
    /// A later dump holds data that a newer image has changed, and is never returned.
    fn dump(&self, receipts: &[Receipt], under_way: Option<&Journal>) -> Option<String> {
        let last = receipts.iter().rposition(|it| it.runs.as_ref() == Some(self.release))?;
        let (then, since) = receipts.split_at(last + 1);
        let found =
            since.iter().find_map(|receipt| match self.named(&receipt.id, &receipt.dumps) {
                None if self.has_changed(then, receipt) => Some(None),
                dump => dump.map(Some),
            });
        found.unwrap_or_else(|| under_way.and_then(|it| self.named(&it.id, &it.dumps)))
    }

    /// Name of its dump among those of one deploy. The folder does not count: the house may have moved since.
    fn named(&self, deploy: &str, dumps: &[String]) -> Option<String> {
        let says = self.files.iter().filter_map(|it| databases::of(it, self.database));
        let own: Vec<_> = says.map(|it| dump::beginning(deploy, self.database, &it)).collect();
        let mut names = dumps.iter().filter_map(|it| Path::new(it).file_name()?.to_str());
        let is_own = |it: &&str| own.iter().any(|own| it.starts_with(own));
        names.find(is_own).map(str::to_owned)
    }

    /// Whether a deploy has started another image of the database, or of a service that migrates it.
    fn has_changed(&self, then: &[Receipt], deploy: &Receipt) -> bool {
        let migrates = |file: &&File, name: &str| {
            let service = file.services.get(name);
            service.is_some_and(|it| it.labels.contains_key(label::ONE_WAY))
                && databases::migrated_by(file, name).any(|it| it == self.database)
        };
        let concerns =
            |name: &String| name == self.database || self.files.iter().any(|it| migrates(it, name));
        let mut started = deploy.images.iter().filter(|it| concerns(it.0));
        deploy.outcome != Outcome::Refused
            && started.any(|(name, (_, to))| {
                to.is_some() && to.as_ref() != one_way::ran(then, name).last()
            })
    }
}

/// Fails unless a person has said what to do about the data.
pub(super) fn refuse_unless_decided(between: &Between, data: Data, to: &Id) -> Result<(), Error> {
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
    if !lines.is_empty() {
        lines.extend(between.caveat());
    }
    if lines.is_empty() { Ok(()) } else { Err(Error::DataBetween { to: to.to_string(), lines }) }
}

#[cfg(test)]
mod tests {
    use homelab_core::compose::{Condition, Dependency};

    use super::super::receipt::tests::{deployed, id};
    use super::*;

    fn dumped(receipt: Receipt) -> Receipt {
        // A house that lay elsewhere then.
        // The first one is of a service `db-app`.
        let names = ["db-app-app", "db-app"];
        let dumps = names.map(|it| format!("/old/dumps/{}-{it}.sql.gz", receipt.id)).to_vec();
        Receipt { dumps, ..receipt }
    }

    /// A deploy that starts an image of a service.
    fn started(service: &str, to: &str, receipt: Receipt) -> Receipt {
        let images = [(service.to_owned(), (None, Some(to.to_owned())))].into();
        Receipt { images, ..receipt }
    }

    #[track_caller]
    fn check(receipts: &[Receipt], expected: Option<&Receipt>) {
        let labels = [(label::ONE_WAY.to_owned(), "it migrates".to_owned())].into();
        let depends_on = [(
            "db".to_owned(),
            Dependency { condition: Condition::ServiceHealthy, restart: false },
        )]
        .into();
        let app = Service { labels, depends_on, ..Service::default() };
        let label = (label::DATABASE.to_owned(), "postgres:app/app".to_owned());
        let db = Service { labels: [label].into(), ..Service::default() };
        let services = [("app".to_owned(), app), ("db".to_owned(), db)].into();
        let file = File { services, ..File::default() };
        let left = |database| {
            Left { release: &id("release1"), database, files: [&file, &File::default()] }
                .dump(receipts, None)
        };
        let expected = expected.map(|it| format!("{}-db-app.sql.gz", it.id));
        assert_eq!(left("db"), expected, "{receipts:#?}");
        assert_eq!(left("d"), None, "{receipts:#?}");
    }

    #[test]
    fn the_dump_is_that_of_the_moment_when_the_release_was_left_for_good() {
        let first = started("app", "app:1", deployed("release0", "release1"));
        // A deploy that failed long ago, with a dump of then.
        let failed = Receipt {
            outcome: Outcome::RolledBack,
            runs: Some(id("release1")),
            ..dumped(deployed("release1", "failed00"))
        };
        let then = [first, failed];
        let later = dumped(deployed("release3", "release4"));
        let left = |how: Receipt| [&then[..], &[how, later.clone()]].concat();
        check(&then, None);
        let taken = dumped(started("app", "app:2", deployed("release1", "release2")));
        check(&left(taken.clone()), Some(&taken));
        // Nothing that the database knows of has happened.
        for harmless in [
            deployed("release1", "release2"),
            started("web", "web:2", deployed("release1", "release2")),
            started("app", "app:1", deployed("release1", "release2")),
        ] {
            check(&left(harmless), Some(&later));
        }
        // What came later has the data of a newer image.
        check(&left(started("app", "app:2", deployed("release1", "release2"))), None);
        check(&left(started("db", "db:2", deployed("release1", "release2"))), None);
        let refused = started("app", "app:2", deployed("release1", "release2"));
        check(&left(Receipt { outcome: Outcome::Refused, ..refused }), Some(&later));
    }
}
