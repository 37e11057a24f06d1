//! The folder of dumps: names, links and what is thrown away.

use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io::ErrorKind};

use jiff::Zoned;

/// `/backups`, with `last`, `daily`, `weekly` and `monthly`.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) suffix: String,
    pub(super) keep: Keep,
}

/// How old a file may get, by folder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keep {
    pub(super) minutes: u64,
    pub(super) days: u64,
    pub(super) weeks: u64,
    pub(super) months: u64,
}

/// Where a dump goes: each folder and the file's name in it; the first is the dump itself.
pub(super) type Names = [(&'static str, String); 4];

impl Folder {
    pub(super) fn create(&self) -> io::Result<()> {
        ["last", "daily", "weekly", "monthly"]
            .iter()
            .try_for_each(|it| fs::create_dir_all(self.path.join(it)))
    }

    pub(super) fn names(&self, database: &str, now: &Zoned) -> Names {
        let name = |format| format!("{database}-{}{}", now.strftime(format), self.suffix);
        [
            ("last", name("%Y%m%d-%H%M%S")),
            ("daily", name("%Y%m%d")),
            ("weekly", name("%G%V")),
            ("monthly", name("%Y%m")),
        ]
    }

    /// Where the dump itself goes.
    pub(super) fn file(&self, [(kind, name), ..]: &Names) -> PathBuf {
        self.path.join(kind).join(name)
    }

    /// Hard links to the dump, and in each folder a symbolic link to its newest file.
    pub(super) fn link(&self, database: &str, names: &Names) -> io::Result<()> {
        let dump = self.file(names);
        for (kind, name) in &names[1..] {
            replace(&self.path.join(kind).join(name), |it| fs::hard_link(&dump, it))?;
        }
        for (kind, name) in names {
            let latest = format!("{database}-latest{}", self.suffix);
            replace(&self.path.join(kind).join(latest), |it| symlink(name, it))?;
        }
        Ok(())
    }

    /// Deletes what is too old and returns it.
    ///
    /// By age, not by count: weeks are 7 n + 1 days, months 31 n + 1. As `find` counts: more than
    /// n days is n + 1 whole days at least. Links have an age of their own.
    pub(super) fn clean(&self, database: &str, now: SystemTime) -> io::Result<Vec<PathBuf>> {
        const MINUTE: u64 = 60;
        const DAY: u64 = 24 * 60 * MINUTE;
        let Keep { minutes, days, weeks, months } = self.keep;
        let mut gone = Vec::new();
        for (kind, oldest) in [
            ("last", minutes * MINUTE),
            ("daily", (days + 1) * DAY - 1),
            ("weekly", (weeks * 7 + 2) * DAY - 1),
            ("monthly", (months * 31 + 2) * DAY - 1),
        ] {
            for entry in fs::read_dir(self.path.join(kind))? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let inner = name
                    .strip_prefix(database)
                    .and_then(|it| it.strip_prefix('-'))
                    .and_then(|it| it.strip_suffix(&self.suffix));
                let age = now.duration_since(entry.metadata()?.modified()?);
                if inner.is_some() && age.is_ok_and(|it| it.as_secs() > oldest) {
                    fs::remove_file(entry.path())?;
                    gone.push(entry.path());
                }
            }
        }
        gone.sort();
        Ok(gone)
    }
}

/// `ln -f`.
fn replace(path: &Path, make: impl Fn(&Path) -> io::Result<()>) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => make(path),
    }
}
