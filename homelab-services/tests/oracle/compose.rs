//! Asks Docker Compose what it reads.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// `docker compose config --format json` on this text, or what it complains about.
pub(crate) fn config(
    folder: &Path,
    text: &str,
    profiles: &[&str],
    values: &[(&str, &str)],
) -> Result<Value, String> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(text.as_bytes()).expect("writable");
    let empty = tempfile::NamedTempFile::new().expect("a temporary file");
    let mut command = compose();
    command.arg("--project-directory").arg(folder).arg("-f").arg(file.path());
    command.arg("--env-file").arg(empty.path());
    for profile in profiles {
        command.args(["--profile", profile]);
    }
    command.args(["config", "--format", "json"]).env_clear();
    for key in ["PATH", "HOME", "DOCKER_CONFIG"] {
        if let Some(value) = std::env::var_os(key) {
            command.env(key, value);
        }
    }
    command.envs(values.iter().copied());
    let output = command.stderr(Stdio::piped()).output().expect("Compose can be started");
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).expect("Compose prints JSON"))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// `docker compose`, or the stand-alone `docker-compose`; without either the oracle fails.
fn compose() -> Command {
    let works = |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).arg("version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|it| it.success())
    };
    if works("docker", &["compose"]) {
        let mut command = Command::new("docker");
        command.arg("compose");
        return command;
    }
    assert!(
        works("docker-compose", &[]),
        "the oracle needs Docker Compose: neither `docker compose version` nor \
         `docker-compose version` works; see https://docs.docker.com/compose/install/"
    );
    Command::new("docker-compose")
}
