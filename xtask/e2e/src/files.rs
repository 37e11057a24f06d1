//! The files of one run: apart from those of another run at the same time, and kept when it ends.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustix::fs::{FlockOperation, flock};

use crate::run::{self, output};

/// A folder below the cache that one run writes to.
#[derive(Debug)]
pub(crate) struct Files {
    cache: PathBuf,
    pub(crate) folder: PathBuf,
    /// Held while the run lasts.
    _lock: File,
}

impl Files {
    /// A new folder; those of runs that were killed are removed.
    pub(crate) fn open(cache: &Path) -> anyhow::Result<Self> {
        let runs = cache.join("runs");
        fs::create_dir_all(&runs).with_context(|| format!("cannot make {}", runs.display()))?;
        for entry in fs::read_dir(&runs)? {
            let folder = entry?.path();
            if File::open(folder.join("lock")).is_ok_and(|it| try_lock(&it)) {
                fs::remove_dir_all(&folder)?;
            }
        }
        let folder = runs.join(std::process::id().to_string());
        fs::create_dir_all(&folder)?;
        let lock = File::create(folder.join("lock"))?;
        flock(&lock, FlockOperation::LockExclusive)?;
        Ok(Self { cache: cache.to_owned(), folder, _lock: lock })
    }

    /// A copy that no other run replaces.
    pub(crate) fn copy(&self, file: &Path) -> anyhow::Result<PathBuf> {
        let copy = self.folder.join(file.file_name().unwrap_or_default());
        fs::copy(file, &copy).with_context(|| format!("cannot copy {}", file.display()))?;
        Ok(copy)
    }

    /// Moves reports and logs to the cache itself, where the last run that ended has them.
    pub(crate) fn keep(self) -> anyhow::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default();
            let kept = path
                .extension()
                .is_some_and(|it| ["json", "xml", "log"].iter().any(|kept| it == *kept));
            if kept {
                fs::rename(&path, self.cache.join(name))?;
            }
        }
        Ok(fs::remove_dir_all(&self.folder)?)
    }
}

/// Keeps other runs from removing what this one uses.
#[derive(Debug)]
pub(crate) struct Held(#[expect(dead_code, reason = "the lock is what counts")] File);

impl Held {
    /// Holds a file or folder of the cache.
    pub(crate) fn by(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        flock(&file, FlockOperation::LockShared)?;
        Ok(Self(file))
    }
}

/// Removes files and folders of earlier states: they would only fill the disk; one that a run uses
/// stays.
pub(crate) fn remove_others(cache: &Path, kind: &str) -> anyhow::Result<()> {
    for entry in fs::read_dir(cache)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with(kind) && try_lock(&File::open(&path)?) {
            output(run::as_root("rm").args(["--recursive", "--force", "--"]).arg(&path))?;
        }
    }
    Ok(())
}

/// Whether nobody else holds it.
fn try_lock(file: &File) -> bool {
    flock(file, FlockOperation::NonBlockingLockExclusive).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_killed_run_leaves_nothing_and_a_finished_one_its_report() {
        let cache = tempfile::tempdir().expect("a temporary folder");
        let killed = cache.path().join("runs/1");
        fs::create_dir_all(&killed).expect("the folder is ours");
        fs::write(killed.join("lock"), "").expect("the folder is ours");
        let files = Files::open(cache.path()).expect("a folder");
        assert!(!killed.exists());
        fs::write(files.folder.join("report.json"), "[]").expect("the folder is ours");
        fs::write(files.folder.join("stand-in"), "").expect("the folder is ours");
        files.keep().expect("it ends");
        let left: Vec<_> = fs::read_dir(cache.path())
            .expect("the cache")
            .map(|it| it.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        assert!(left.contains(&"report.json".to_owned()), "{left:?}");
        assert_eq!(fs::read_dir(cache.path().join("runs")).expect("it stays").count(), 0);
    }
}
