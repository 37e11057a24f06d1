//! Questions to the `docker` command, none of which changes anything.

use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// An engine that needs longer to tell its version is not one to start a stack on.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no such command.
    Missing,
    /// It did not end in time.
    Silent,
    /// It failed; the last line of stderr.
    Failed(String),
}

/// Runs `docker` with these words and returns its output.
pub(super) fn ask(words: &[&str]) -> Result<String, Failure> {
    let (sender, receiver) = mpsc::channel();
    let words: Vec<_> = words.iter().map(|it| (*it).to_owned()).collect();
    // Left behind when the engine hangs; it ends with this program.
    thread::spawn(move || {
        let answer = Command::new("docker").args(words).stdin(Stdio::null()).output();
        let _ = sender.send(answer);
    });
    let answer = receiver.recv_timeout(PATIENCE).map_err(|_| Failure::Silent)?;
    let answer = answer.map_err(|_| Failure::Missing)?;
    let out = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    if answer.status.success() {
        return Ok(out);
    }
    let errors = String::from_utf8_lossy(&answer.stderr);
    let because = errors.lines().rfind(|it| !it.trim().is_empty()).unwrap_or("no message");
    Err(Failure::Failed(because.trim().to_owned()))
}

/// Whether a version such as `v2.40.3-desktop.1` is at least this one; `None` when it is none.
pub(super) fn at_least(version: &str, minimum: &[u32]) -> Option<bool> {
    let version = version.trim().trim_start_matches('v');
    let version = version.split(['-', '+']).next()?;
    let parts: Vec<u32> = version.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    Some(parts.as_slice() >= minimum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number() {
        for (version, expected) in [
            ("2.23.1", Some(true)),
            ("v2.40.3-desktop.1", Some(true)),
            ("5.0.0+ds1", Some(true)),
            ("2.23.0", Some(false)),
            ("2.9.9", Some(false)),
            ("dev", None),
        ] {
            assert_eq!(at_least(version, &[2, 23, 1]), expected, "{version}");
        }
    }
}
