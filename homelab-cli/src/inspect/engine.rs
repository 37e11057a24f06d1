//! Docker Engine answers, and is at least version 20.10 (API 1.41).
//!
//! Without an engine nothing starts; with an older one, options that the stack needs are
//! refused in the middle of the start. One before 28 works, but lets whoever is in your network and
//! adds a route reach published ports at the containers' own addresses, also those published on
//! `127.0.0.1` only (seen on 20.10).
//!
//! Fix: install, start or update Docker Engine, see <https://docs.docker.com/engine/install/>.
//! Whoever may use Docker's socket is root on this host: `sudo docker …` says so openly.

use super::docker::{self, Failure};
use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule =
    HostRule { id: "host-engine", source: include_str!("engine.rs"), run };

/// The API of Docker Engine 28.
const CLOSED: &[u32] = &[1, 48];

fn run(_: &Context<'_>, findings: &mut Findings) {
    let subject = "docker";
    // Docker's command line before 23 would print the short form `json` as it is.
    match docker::ask(&["version", "--format", "{{json .}}"]) {
        Ok(answer) => {
            let version = api_version(&answer);
            if version.as_deref().and_then(|it| docker::at_least(it, &[1, 41])) != Some(true) {
                let found = version.unwrap_or_else(|| "unknown".to_owned());
                findings.error(
                    subject,
                    format!("Docker Engine speaks API `{found}`, expected 1.41 or newer"),
                    "update Docker Engine: https://docs.docker.com/engine/install/".to_owned(),
                );
            } else if version.as_deref().and_then(|it| docker::at_least(it, CLOSED)) == Some(false)
            {
                findings.warning(
                    subject,
                    "Docker Engine before 28 leaves published ports open at the containers' own \
                     addresses, to whoever in your network adds a route to them: also those that \
                     are published on `127.0.0.1` only"
                        .to_owned(),
                    "update Docker Engine: https://docs.docker.com/engine/install/".to_owned(),
                );
            }
        }
        Err(Failure::Missing) => findings.error(
            subject,
            "there is no `docker` command".to_owned(),
            "install Docker Engine: https://docs.docker.com/engine/install/".to_owned(),
        ),
        Err(Failure::Silent) => findings.error(
            subject,
            "Docker Engine does not answer".to_owned(),
            "look at `sudo systemctl status docker`".to_owned(),
        ),
        Err(Failure::Failed(because)) => {
            let denied = because.to_ascii_lowercase().contains("permission denied");
            let help = if denied {
                "run it as `sudo homelab doctor`, or join the group: `sudo usermod -aG docker \"$USER\"`"
            } else {
                "start it: `sudo systemctl enable --now docker`"
            };
            let message = format!("Docker Engine cannot be reached: {because}");
            findings.error(subject, message, help.to_owned());
        }
    }
}

fn api_version(answer: &str) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_str(answer).ok()?;
    Some(answer.get("Server")?.get("ApiVersion")?.as_str()?.to_owned())
}
