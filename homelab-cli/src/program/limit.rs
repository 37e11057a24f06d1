//! Time limits of programs, by kind of call.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When a program that has not ended counts as hung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// This long after its start.
    Total(Duration),
    /// `pause` after the last byte of input or output, or `total` after its start.
    Idle { pause: Duration, total: Duration },
}

impl Limit {
    /// Questions of `homelab doctor`. An engine that needs longer is too slow to run the house.
    pub(crate) const DOCTOR: Self = Self::Total(Duration::from_secs(15));

    /// Questions, such as `docker inspect` and `git ls-tree`: they take far less than a second. A host that
    /// has just booted, or is out of memory, takes longer.
    pub(crate) const QUESTION: Self = Self::Total(Duration::from_mins(1));

    /// `docker stop`, `docker rm`, `compose up --detach`: stopping takes up to the grace period of the
    /// file, which is at most two minutes in the house; containers are stopped side by side.
    pub(crate) const DEED: Self = Self::Total(Duration::from_mins(15));

    /// `compose pull`, which says nothing while it works: 10 GB at 2 MB/s take 83 minutes.
    pub(crate) const PULL: Self = Self::Total(Duration::from_hours(2));

    /// `docker build`, which says nothing while it works: it pulls a base, and may compile a program.
    pub(crate) const BUILD: Self = Self::Total(Duration::from_hours(2));

    /// A dump is hung when no byte comes. It first waits for locks, then compresses without pause: 100 GB
    /// at 10 MB/s take less than three hours.
    pub(crate) const DUMP: Self =
        Self::Idle { pause: Duration::from_mins(15), total: Duration::from_hours(4) };

    /// A load: when the last row is in, indexes are built, and nothing moves for as long as that takes.
    pub(crate) const LOAD: Self =
        Self::Idle { pause: Duration::from_hours(2), total: Duration::from_hours(8) };

    /// A whole deploy over SSH: the host has limits of its own, and `ssh` notices a lost connection
    /// within a minute.
    pub(crate) const REMOTE: Self = Self::Total(Duration::from_hours(12));
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (said, limit) = match self {
            Self::Total(total) => ("did not end within", total),
            Self::Idle { pause, .. } => ("neither took nor gave a byte for", pause),
        };
        let seconds = limit.as_secs();
        let (number, unit) = if seconds >= 120 { (seconds / 60, "min") } else { (seconds, "s") };
        write!(f, "{said} {number} {unit}")
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

    /// The limit that was exceeded.
    pub(super) fn over(&self) -> Limit {
        match self.limit {
            Limit::Idle { total, .. } if self.is_over_after(total) => Limit::Total(total),
            Limit::Idle { .. } | Limit::Total(_) => self.limit,
        }
    }

    /// Notes that a byte went in or came out.
    pub(super) fn moved(&self) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved.store(millis, Ordering::Relaxed);
    }

    /// How long nothing has moved.
    pub(super) fn pause(&self) -> Duration {
        let moved = Duration::from_millis(self.moved.load(Ordering::Relaxed));
        self.started.elapsed().saturating_sub(moved)
    }

    /// Whether the time is over.
    pub(super) fn is_over(&self) -> bool {
        match self.limit {
            Limit::Total(total) => self.is_over_after(total),
            Limit::Idle { pause, total } => self.pause() >= pause || self.is_over_after(total),
        }
    }

    fn is_over_after(&self, total: Duration) -> bool {
        self.started.elapsed() >= total
    }

    /// Wraps a pipe so that its bytes are noted.
    pub(super) fn counting<W: Write>(self: &Arc<Self>, pipe: W) -> Counting<W> {
        Counting { pipe, watch: Arc::clone(self) }
    }
}

/// A pipe whose bytes are noted as a sign of life.
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
