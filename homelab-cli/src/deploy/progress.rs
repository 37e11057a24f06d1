//! What a deploy tells while it waits.

use std::time::{Duration, Instant};

use super::receipt;

/// How often somebody is told what is waited for.
const TELL: Duration = Duration::from_mins(1);

/// Tells once a minute what is waited for.
#[derive(Debug)]
pub(super) struct Progress {
    told: Instant,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self { told: Instant::now() }
    }

    /// Tells `what` is waited for and for how long at most, when it is time.
    pub(super) fn tell(
        &mut self,
        deadline: Instant,
        what: impl FnOnce() -> String,
        tell: &mut dyn FnMut(String),
    ) {
        let now = Instant::now();
        if now.duration_since(self.told) >= TELL {
            self.told = now;
            let left = receipt::words(deadline.saturating_duration_since(now));
            tell(format!("waiting at most {left} more for {}", what()));
        }
    }
}
