//! Health checks: how an engine learns that a container works.

use std::time::Duration;

use crate::dsl::image::equal;
use crate::dsl::reason::assert_reason;

/// A service's health check; every constructor of a service asks for it, so that nobody forgets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    pub(crate) probe: Probe,
    pub(crate) interval: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) start_period: Option<Duration>,
    pub(crate) retries: Option<u32>,
}

/// What is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Probe {
    Image,
    Command(&'static [&'static str]),
    Shell(&'static str),
    Unprobed(&'static str),
}

/// The condition under which a dependant starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DependsOn {
    /// It has ended with exit code 0.
    Ended,
    Healthy,
    Started,
}

impl Health {
    /// Uses the check of the image; the image's contract says that it has one.
    pub const fn from_image() -> Self {
        Self::new(Probe::Image)
    }

    /// Runs a program with arguments in the container, which is healthy when the program exits with
    /// 0.
    ///
    /// A first word `CMD` may be left out.
    ///
    /// Panics (in a `const`: does not compile) when there is no program, and when the line of a
    /// shell stands in its place.
    #[track_caller]
    pub const fn command(command: &'static [&'static str]) -> Self {
        let at = !command.is_empty() && equal(command[0], "CMD");
        let at = if at { 1 } else { 0 };
        assert!(command.len() > at, "a health check needs a program: name one of the image");
        assert!(
            !equal(command[at], "CMD-SHELL") && !has_space(command[at]),
            "the line of a shell is no program: say `Health::shell(\"…\")`, or make each argument a word"
        );
        Self::new(Probe::Command(command))
    }

    /// Runs a line in the container's `/bin/sh`; the container is healthy when it exits with 0.
    pub const fn shell(line: &'static str) -> Self {
        Self::new(Probe::Shell(line))
    }

    /// Makes no check, for this reason; services that depend on it then wait only for its start.
    #[track_caller]
    pub const fn unprobed(because: &'static str) -> Self {
        assert_reason(because);
        Self::new(Probe::Unprobed(because))
    }

    const fn new(probe: Probe) -> Self {
        Self { probe, interval: None, timeout: None, start_period: None, retries: None }
    }

    /// Sets the time between two checks, at least 1 ms. Default: the image's, else Docker's 30 s.
    #[must_use]
    #[track_caller]
    pub const fn every(mut self, interval: Duration) -> Self {
        assert!(interval.as_millis() > 0, "less than 1 ms means the image's own time");
        self.interval = Some(interval);
        self
    }

    /// Sets the time that one check may take, at least 1 ms. Default: the image's, else Docker's
    /// 30 s.
    #[must_use]
    #[track_caller]
    pub const fn within(mut self, timeout: Duration) -> Self {
        assert!(timeout.as_millis() > 0, "less than 1 ms means the image's own time");
        self.timeout = Some(timeout);
        self
    }

    /// Sets the time after the start in which failures do not count. Default: the image's, else 0
    /// s.
    #[must_use]
    pub const fn starts_within(mut self, start_period: Duration) -> Self {
        self.start_period = Some(start_period);
        self
    }

    /// Sets how many failures in a row make it unhealthy. Default: the image's, else Docker's 3.
    #[must_use]
    pub const fn retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }
}

const fn has_space(text: &str) -> bool {
    let mut at = 0;
    while at < text.len() {
        if text.as_bytes()[at].is_ascii_whitespace() {
            return true;
        }
        at += 1;
    }
    false
}
