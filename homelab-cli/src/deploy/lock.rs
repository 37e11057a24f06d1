//! The lock that allows one deploy at a time.

use std::fmt;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use serde::{Deserialize, Serialize};

use super::place::HousePlace;
use crate::error::Error;

/// The lock. It is free again when it is dropped and every program that was started meanwhile has ended, so
/// that a `docker compose` that outlives a killed deploy does not meet the next one.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Who holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub(crate) what: String,
    pub(crate) actor: String,
    pub(crate) since: String,
    /// Its process.
    #[serde(default)]
    pub(crate) pid: u32,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, actor, since, pid } = self;
        write!(f, "{what} of {actor} since {since}")?;
        if let Some(age) = super::receipt::age(since) {
            write!(f, " ({age})")?;
        }
        if Path::new(&format!("/proc/{pid}")).exists() {
            write!(f, ", process {pid}")
        } else {
            write!(f, "; it has ended, and something that it started still runs")
        }
    }
}

impl Lock {
    /// Takes the lock; the error says who holds it.
    pub(crate) fn take(place: &HousePlace, what: &str, actor: &str) -> Result<Self, Error> {
        // `status` takes it for a moment to see whether it is free.
        Self::wait(place, what, actor, Duration::from_secs(1))
    }

    /// Takes the lock, and waits up to `patience` for its holder to end.
    pub(crate) fn wait(
        place: &HousePlace,
        what: &str,
        actor: &str,
        patience: Duration,
    ) -> Result<Self, Error> {
        let path = place.lock();
        let fail = |source: std::io::Error| Error::Write { path: path.clone(), source };
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        // Whoever can open the file can take the lock, and earlier versions made it readable by everybody.
        file.set_permissions(Permissions::from_mode(0o600)).map_err(fail)?;
        let started = Instant::now();
        loop {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => break,
                Err(Errno::WOULDBLOCK) if started.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(200));
                }
                Err(Errno::WOULDBLOCK) => return Err(Error::Busy(holder(&mut file))),
                Err(errno) => return Err(fail(errno.into())),
            }
        }
        let holder = Holder {
            what: what.to_owned(),
            actor: actor.to_owned(),
            since: super::receipt::now(),
            pid: std::process::id(),
        };
        let text = serde_json::to_vec(&holder).expect("a struct of texts, which JSON can hold");
        (|| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&text)?;
            // Programs of other tests would inherit it, too.
            #[cfg(test)]
            if crate::program::played::is_on() {
                return Ok(());
            }
            // Programs that are started inherit it. In unit tests they would be those of other tests.
            let flags = if cfg!(test) { FdFlags::CLOEXEC } else { FdFlags::empty() };
            Ok(fcntl_setfd(&file, flags)?)
        })()
        .map_err(fail)?;
        Ok(Self { _file: file })
    }

    /// Who holds it, when somebody does.
    pub(crate) fn held(place: &HousePlace) -> Option<String> {
        let mut file = File::open(place.lock()).ok()?;
        let taken = flock(&file, FlockOperation::NonBlockingLockShared);
        (taken == Err(Errno::WOULDBLOCK)).then(|| holder(&mut file))
    }
}

/// Whether nobody has it. A program that another test starts has it, too, between its fork and its exec.
#[cfg(test)]
pub(super) fn is_free(place: &HousePlace) -> bool {
    (0..100).any(|_| {
        let is_free = Lock::held(place).is_none();
        if !is_free {
            std::thread::sleep(Duration::from_millis(10));
        }
        is_free
    })
}

/// What the holder wrote, as a sentence.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let _ = file.rewind();
    let _ = file.read_to_string(&mut text);
    serde_json::from_str::<Holder>(&text).map_or_else(
        |_| "somebody who has not said who it is".to_owned(),
        |holder| holder.to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::super::place::tests::host;
    use super::*;

    #[test]
    fn a_lock_says_who_holds_it_and_is_nobody_elses() {
        let (_folder, place) = host();
        // As earlier versions made it.
        std::fs::write(place.lock(), "").expect("it is ours");
        std::fs::set_permissions(place.lock(), Permissions::from_mode(0o644)).expect("it is ours");
        assert_eq!(Lock::held(&place), None);
        let lock = Lock::take(&place, "a deploy", "ada").expect("it is free");
        let mode = |path| std::fs::metadata(path).expect("it exists").permissions().mode() & 0o777;
        assert_eq!(mode(place.lock()), 0o600);
        assert_eq!(mode(place.root.join("state")), 0o700);
        let pid = std::process::id();
        let held = Lock::held(&place).expect("it is held");
        assert!(held.starts_with("a deploy of ada since 20"), "{held}");
        assert!(held.contains("(0 s)") && held.ends_with(&format!("process {pid}")), "{held}");
        let error = Lock::take(&place, "a rollback", "bob").expect_err("it is held").to_string();
        assert!(error.contains("a deploy of ada"), "{error}");
        drop(lock);
        assert!(is_free(&place));
    }

    #[test]
    fn who_has_ended_is_not_at_work() {
        let holder = Holder {
            what: "a deploy".to_owned(),
            actor: "ada".to_owned(),
            since: "2026-01-01T00:00:00Z".to_owned(),
            pid: u32::MAX,
        };
        assert!(
            holder.to_string().ends_with("it has ended, and something that it started still runs")
        );
    }
}
