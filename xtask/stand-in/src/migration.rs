//! A migration of what an image keeps, on its first start: it takes long, must not be stopped, and may fail.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use homelab_stand_in::Promise;

use crate::{log, sqlite};

/// Variable of an image that migrates: its version, how many seconds it takes, and `fails` if it ends badly then.
const VARIABLE: &str = "STAND_IN_MIGRATES";

/// The file in each data folder that names the version which the data has.
const VERSION: &str = ".stand-in-version";

/// The file that is there while a migration is under way.
const UNDER_WAY: &str = ".stand-in-migrating";

/// Whether a migration is under way.
#[derive(Clone, Debug, Default)]
pub(crate) struct Migration(Arc<AtomicBool>);

impl Migration {
    /// Begins the migration, if the image has one that the data lacks.
    ///
    /// Fails where the data is newer than the image, or where another migration was stopped halfway.
    pub(crate) fn begin(promise: &Promise) -> anyhow::Result<Self> {
        let wanted = std::env::var(VARIABLE).unwrap_or_else(|_| "1 0".to_owned());
        let words: Vec<_> = wanted.split(' ').collect();
        let [version, seconds, rest @ ..] = &words[..] else {
            bail!("`{VARIABLE}` is `{wanted}`, expected a version and seconds");
        };
        sqlite::open(version.parse()?)?;
        let migration = Self::default();
        let Some(folder) = promise.data.first().map(PathBuf::from) else { return Ok(migration) };
        let is_needed = is_needed(&folder, version.parse()?)?;
        if is_needed {
            let time = Duration::from_secs(seconds.parse()?);
            let (version, fails) = ((*version).to_owned(), rest == ["fails"]);
            if fails {
                // It works in a transaction: the container is restarted again and again, and whoever stops
                // it in one of these attempts leaves the data as it was, too.
                end(&folder, &version, fails)?;
            }
            migration.0.store(true, Ordering::Relaxed);
            let ended = migration.clone();
            thread::Builder::new().spawn(move || {
                thread::sleep(time);
                let written = if fails { Ok(()) } else { end(&folder, &version, fails) };
                if fails || written.is_err() {
                    log(&format!("error: the migration failed: {written:?}"));
                    std::process::exit(1);
                }
                ended.0.store(false, Ordering::Relaxed);
            })?;
        }
        Ok(migration)
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Whether the data has an older version; if so, it is marked as being migrated.
fn is_needed(folder: &Path, version: u32) -> anyhow::Result<bool> {
    let mark = folder.join(UNDER_WAY);
    if mark.exists() {
        bail!("a migration of {} was stopped halfway: the data is lost", folder.display());
    }
    let has = match fs::read_to_string(folder.join(VERSION)) {
        Ok(text) => text.trim().parse()?,
        // Nothing was kept there yet, or it was by the first version.
        Err(_) => 1,
    };
    if has > version {
        bail!("the data is of version {has}, and this is {version}");
    }
    if has < version {
        fs::write(&mark, "").with_context(|| format!("cannot write {}", mark.display()))?;
    }
    Ok(has < version)
}

/// Ends a migration: one that fails leaves the data as it was.
fn end(folder: &Path, version: &str, fails: bool) -> std::io::Result<()> {
    if !fails {
        fs::write(folder.join(VERSION), version)?;
    }
    fs::remove_file(folder.join(UNDER_WAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_migrated_once_and_knows_what_was_done_to_it() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let folder = folder.path();
        assert!(!is_needed(folder, 1).expect("it is new"));
        assert!(is_needed(folder, 2).expect("it is older"));
        let halfway = is_needed(folder, 2).expect_err("it has not ended").to_string();
        assert!(halfway.contains("was stopped halfway"), "{halfway}");
        end(folder, "2", true).expect("the folder is ours");
        assert!(is_needed(folder, 2).expect("it is as it was"));
        end(folder, "2", false).expect("the folder is ours");
        assert!(!is_needed(folder, 2).expect("it has that version"));
        let older = is_needed(folder, 1).expect_err("it is newer").to_string();
        assert!(older.contains("of version 2, and this is 1"), "{older}");
    }
}
