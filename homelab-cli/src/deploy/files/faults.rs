//! In unit tests: a disk that is full, or a process that is killed, at the n-th step of a thread.
//!
//! ```text
//! let steps = faults::with(Fault::None, || deploy(…)).1;   // what there is to do on the disk
//! faults::with(Fault::Kill { at: 7 }, || deploy(…));       // killed before the 8th of them
//! ```

use std::cell::{Cell, RefCell};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

/// What goes wrong, and at which step; the first is number 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing.
    None,
    /// The process ends before this step. Nothing of it runs any more but what the kernel does, too:
    /// what it held is closed.
    Kill { at: usize },
    /// The disk is full at this step only.
    Full { at: usize },
    /// The disk is full from this step on.
    StaysFull { at: usize },
}

/// What the panic that stands for a kill carries.
#[derive(Debug)]
pub(crate) struct Killed;

#[derive(Debug)]
struct Run {
    fault: Fault,
    steps: Vec<String>,
}

thread_local! {
    /// Bytes that are free on every disk; `None` asks the disk.
    pub(in crate::deploy) static FREE: Cell<Option<u64>> = const { Cell::new(Some(u64::MAX)) };
    static RUN: RefCell<Option<Run>> = const { RefCell::new(None) };
}

/// Runs `story` with a fault. `None` when it was killed; besides that, the steps that it came to.
pub(crate) fn with<T>(fault: Fault, story: impl FnOnce() -> T) -> (Option<T>, Vec<String>) {
    RUN.with_borrow_mut(|it| *it = Some(Run { fault, steps: Vec::new() }));
    let ended = catch_unwind(AssertUnwindSafe(story));
    let steps = RUN.with_borrow_mut(Option::take).map(|it| it.steps).unwrap_or_default();
    match ended {
        Ok(ended) => (Some(ended), steps),
        Err(cause) if cause.is::<Killed>() => (None, steps),
        Err(cause) => resume_unwind(cause),
    }
}

/// Ends the process, as seen from the story: for a kill at another point than a step on the disk.
pub(crate) fn kill() -> ! {
    // Unlike `panic!`, it tells nobody.
    resume_unwind(Box::new(Killed))
}

/// A step on the disk.
pub(super) fn step(deed: &'static str, path: &Path) -> io::Result<()> {
    let fault = RUN.with_borrow_mut(|run| {
        let run = run.as_mut()?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        run.steps.push(format!("{deed} {name}"));
        Some((run.fault, run.steps.len() - 1))
    });
    match fault {
        Some((Fault::Kill { at }, now)) if at == now => kill(),
        Some((Fault::Full { at }, now)) if at == now => Err(io::ErrorKind::StorageFull.into()),
        Some((Fault::StaysFull { at }, now)) if at <= now && deed != "remove" => {
            Err(io::ErrorKind::StorageFull.into())
        }
        _ => Ok(()),
    }
}

pub(super) fn free() -> Option<u64> {
    FREE.get()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::{Growing, LITTLE, write};
    use super::*;

    #[test]
    fn what_grows_stops_before_the_disk_is_full() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("dump");
        let mut growing = Growing::create(&path, 0o600).expect("it is ours");
        FREE.set(Some(LITTLE));
        growing.write_all(b"a row").expect("there is room");
        FREE.set(Some(LITTLE - 1));
        let error = growing.write_all(b"a row").expect_err("there is too little room");
        FREE.set(Some(u64::MAX));
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read(&path).expect("it is there"), b"a row");
        // The disk itself answers: that of `/proc` has no room at all.
        FREE.set(None);
        let none = std::fs::File::open("/proc/self/stat").map(|it| super::super::free(&it));
        FREE.set(Some(u64::MAX));
        assert!(none.is_ok_and(|free| free.is_ok_and(|bytes| bytes == 0)));
    }

    #[test]
    fn a_file_is_the_old_or_the_new_one_whatever_happens() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        let story = || write(&path, b"new", 0o600);
        let steps = with(Fault::None, story).1;
        assert_eq!(steps, ["create .file.tmp", "write .file.tmp", "rename file"]);
        for at in 0..steps.len() {
            for fault in [Fault::Kill { at }, Fault::Full { at }, Fault::StaysFull { at }] {
                std::fs::write(&path, "old").expect("it is ours");
                let ended = with(fault, story).0;
                assert_eq!(ended.is_none(), fault == Fault::Kill { at }, "{fault:?}");
                assert!(ended.is_none_or(|it| it.is_err()), "{fault:?}");
                assert_eq!(std::fs::read(&path).expect("it is there"), b"old", "{fault:?}");
            }
        }
        assert_eq!(with(Fault::Kill { at: steps.len() }, story).0.map(|it| it.is_ok()), Some(true));
    }
}
