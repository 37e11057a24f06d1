//! How long a call of a program may take, by kind of call.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When a program that has not ended is taken for hung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// So long after its start.
    Total(Duration),
    /// So long after the last byte that went in or came out.
    Idle(Duration),
}

impl Limit {
    /// `homelab doctor` asks: an engine that needs longer to tell its version is not one to start a stack
    /// on.
    pub(crate) const DOCTOR: Self = Self::Total(Duration::from_secs(15));

    /// Questions, such as `docker inspect` and `git ls-tree`: they take far less than a second. A host that
    /// has just booted, or is out of memory, takes longer.
    pub(crate) const QUESTION: Self = Self::Total(Duration::from_mins(1));

    /// `docker stop`, `docker rm`, `compose up --detach`: stopping takes up to the grace period of the
    /// file, which is at most two minutes in the house; containers are stopped side by side.
    pub(crate) const DEED: Self = Self::Total(Duration::from_mins(15));

    /// `compose pull`, which says nothing while it works: 10 GB at 2 MB/s take 83 minutes.
    pub(crate) const PULL: Self = Self::Total(Duration::from_hours(2));

    /// A dump is hung when no byte comes. It first waits for locks, then compresses without pause.
    pub(crate) const DUMP: Self = Self::Idle(Duration::from_mins(15));

    /// Statements and loads: when the last row is in, indexes are built, and nothing moves for as long as
    /// that takes.
    pub(crate) const LOAD: Self = Self::Idle(Duration::from_hours(2));

    /// A whole deploy over SSH: the host has limits of its own, and `ssh` notices a lost connection
    /// within a minute.
    pub(crate) const REMOTE: Self = Self::Total(Duration::from_hours(12));

    const fn duration(self) -> Duration {
        match self {
            Self::Total(it) | Self::Idle(it) => it,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.duration().as_secs();
        let (number, unit) = if seconds >= 120 { (seconds / 60, "min") } else { (seconds, "s") };
        match self {
            Self::Total(_) => write!(f, "did not end within {number} {unit}"),
            Self::Idle(_) => write!(f, "neither took nor gave a byte for {number} {unit}"),
        }
    }
}

/// Watches one call.
#[derive(Debug)]
pub(super) struct Watch {
    limit: Limit,
    started: Instant,
    /// Milliseconds from the start to the last byte.
    moved: AtomicU64,
}

impl Watch {
    pub(super) fn new(limit: Limit) -> Arc<Self> {
        #[cfg(test)]
        let limit = super::played::shortened(limit);
        Arc::new(Self { limit, started: Instant::now(), moved: AtomicU64::new(0) })
    }

    pub(super) const fn limit(&self) -> Limit {
        self.limit
    }

    /// A byte went in or came out.
    pub(super) fn moved(&self) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(millis, Ordering::Relaxed);
    }

    /// The time that is left; `None` when it is over.
    pub(super) fn left(&self) -> Option<Duration> {
        let from = match self.limit {
            Limit::Total(_) => Duration::ZERO,
            Limit::Idle(_) => Duration::from_millis(self.moved.load(Ordering::Relaxed)),
        };
        let left = (from + self.limit.duration()).checked_sub(self.started.elapsed())?;
        (!left.is_zero()).then_some(left)
    }

    /// The same pipe, whose bytes count.
    pub(super) fn counting<W: Write>(self: &Arc<Self>, pipe: W) -> Counting<W> {
        Counting { pipe, watch: Arc::clone(self) }
    }
}

/// A pipe whose bytes count as a sign of life.
#[derive(Debug)]
pub(super) struct Counting<W> {
    pipe: W,
    watch: Arc<Watch>,
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.pipe.write(bytes)?;
        self.watch.moved();
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pipe.flush()
    }
}
