//! Where a deploy can be cut off: each step on the disk, each call of `docker` and each effect of a call.

use std::cell::RefCell;

use super::super::files::faults;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing.
    None,
    /// A step on the disk does.
    Disk(faults::Fault),
    /// The process is killed at this moment of the engine; the first is number 0.
    Engine(usize),
}

/// What there is to go wrong, in order.
#[derive(Debug, Default)]
pub(super) struct Operations {
    pub(super) disk: Vec<String>,
    pub(super) engine: Vec<String>,
}

thread_local! {
    static KILL: RefCell<Option<usize>> = const { RefCell::new(None) };
    static MOMENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Does something with a fault; `None` when it was killed. Besides that, what it came to.
pub(super) fn with<T>(fault: Fault, story: impl FnOnce() -> T) -> (Option<T>, Operations) {
    let (disk, kill) = match fault {
        Fault::None => (faults::Fault::None, None),
        Fault::Disk(fault) => (fault, None),
        Fault::Engine(at) => (faults::Fault::None, Some(at)),
    };
    KILL.set(kill);
    MOMENTS.take();
    let (ended, disk) = faults::with(disk, story);
    KILL.set(None);
    (ended, Operations { disk, engine: MOMENTS.take() })
}

/// A moment of the engine: before a call, or after one of its effects.
pub(super) fn moment(name: &str) {
    let now = MOMENTS.with_borrow_mut(|moments| {
        moments.push(name.to_owned());
        moments.len() - 1
    });
    if KILL.with_borrow(|it| *it == Some(now)) {
        faults::kill();
    }
}
