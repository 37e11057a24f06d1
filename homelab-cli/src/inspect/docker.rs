//! Asks the `docker` command questions that change nothing.

use crate::docker;
use crate::program;

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// There is no `docker` command.
    Missing,
    /// The command did not end in time.
    Silent,
    /// The command failed; the last line of stderr.
    Failed(String),
}

/// Runs `docker` with these words and returns its output.
pub(super) fn ask(words: &[&str]) -> Result<String, Failure> {
    let answer = docker::diagnose(words).map_err(|failure| match failure {
        program::Failure::Start(_) => Failure::Missing,
        program::Failure::Late(_) | program::Failure::Pass(_) => Failure::Silent,
    })?;
    let out = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    if answer.status.success() {
        return Ok(out);
    }
    let errors = String::from_utf8_lossy(&answer.stderr);
    let because = errors.lines().rfind(|it| !it.trim().is_empty()).unwrap_or("no message");
    Err(Failure::Failed(because.trim().to_owned()))
}

/// Returns the services of this project that have a running container; none when the engine does
/// not answer.
pub(super) fn running(project: &str) -> Vec<String> {
    let filter = format!("label=com.docker.compose.project={project}");
    let format = "{{.Label \"com.docker.compose.service\"}}";
    let answer = ask(&["ps", "--filter", &filter, "--format", format]).unwrap_or_default();
    answer.lines().map(str::to_owned).collect()
}

/// Returns the folder in which the engine keeps images, containers and volumes; `None` when it does
/// not answer.
pub(crate) fn folder() -> Option<String> {
    let answer = ask(&["info", "--format", "{{.DockerRootDir}}"]).ok()?;
    Some(answer).filter(|it| it.starts_with('/'))
}

/// Returns the names of all volumes of the engine; `None` when it does not answer.
pub(super) fn volumes() -> Option<Vec<String>> {
    let answer = ask(&["volume", "ls", "--format", "{{.Name}}"]).ok()?;
    Some(answer.lines().map(str::to_owned).collect())
}

/// Whether a version such as `v2.40.3-desktop.1` is at least another one; `None` when the text is
/// no version.
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
