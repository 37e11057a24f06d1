//! One deploy at a time: a lock that lasts as long as anything of a deploy runs.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use serde::{Deserialize, Serialize};

use super::place::Place;
use crate::error::Error;

/// Held until it is dropped and every program that was started meanwhile has ended: a `docker
/// compose` that outlives a killed deploy must not meet the next one.
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
}

impl Lock {
    /// Takes it, or says who holds it.
    pub(crate) fn take(place: &Place, what: &str, actor: &str) -> Result<Self, Error> {
        Self::wait(place, what, actor, Duration::ZERO)
    }

    /// Takes it, and waits this long for another one to end.
    pub(crate) fn wait(
        place: &Place,
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
            .open(&path)
            .map_err(fail)?;
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
        let holder =
            Holder { what: what.to_owned(), actor: actor.to_owned(), since: super::receipt::now() };
        let text = serde_json::to_vec(&holder).expect("a struct of texts, which JSON can hold");
        (|| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&text)?;
            // Programs that are started inherit it.
            Ok(fcntl_setfd(&file, FdFlags::empty())?)
        })()
        .map_err(fail)?;
        Ok(Self { _file: file })
    }
}

impl Lock {
    /// Whether somebody holds it.
    pub(crate) fn is_held(place: &Place) -> bool {
        let Ok(file) = File::open(place.lock()) else { return false };
        flock(&file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
    }
}

/// What the holder wrote, as a sentence.
fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let _ = file.rewind();
    let _ = file.read_to_string(&mut text);
    serde_json::from_str::<Holder>(&text).map_or_else(
        |_| "somebody who has not said who it is".to_owned(),
        |it| format!("{} of {} since {}", it.what, it.actor, it.since),
    )
}
