//! A database of SQLite that a stand-in keeps open, with rows that are in its log only.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

/// Variable of an image: the path of its database.
const VARIABLE: &str = "STAND_IN_SQLITE";

/// Opens the database, if the image has one, and adds a row for this start. It stays open until the container
/// ends, so that the rows stay in the log.
///
/// Fails where a newer image has written it.
pub(crate) fn open(version: u32) -> anyhow::Result<()> {
    let Ok(path) = std::env::var(VARIABLE) else { return Ok(()) };
    if let Some(folder) = Path::new(&path).parent() {
        std::fs::create_dir_all(folder)?;
    }
    let asked = Command::new("sqlite3").args([&path, "PRAGMA user_version"]).output()?;
    let has = String::from_utf8_lossy(&asked.stdout);
    let has: u32 = has.trim().parse().with_context(|| {
        format!("{path} cannot be read: {}", String::from_utf8_lossy(&asked.stderr))
    })?;
    ensure!(has <= version, "{path} is of version {has}, and this is {version}");
    let mut client = Command::new("sqlite3").arg(&path).stdin(Stdio::piped()).spawn()?;
    let input = client.stdin.as_mut().context("it has a standard input")?;
    writeln!(
        input,
        "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0;\n\
         CREATE TABLE IF NOT EXISTS starts (version INTEGER);\n\
         INSERT INTO starts VALUES ({version}); PRAGMA user_version={version};"
    )?;
    // With its input closed it would end.
    std::mem::forget(client);
    Ok(())
}
