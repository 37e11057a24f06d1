//! Docker Compose is there, and is at least version 2.23.1.
//!
//! `docker-compose` with a hyphen is the old program, which does not understand the file.
//!
//! Fix: install the plugin, see <https://docs.docker.com/compose/install/linux/>.

use super::docker::{self, Failure};
use super::{Context, Findings, HostRule};

pub(super) const RULE: HostRule =
    HostRule { id: "host-compose", source: include_str!("compose.rs"), run };

/// Docker Compose 2.23.1, 2.29.2, 2.29.7, 2.30.3 and 2.40.3 accept the file with every profile
/// on (measured 2026-11-22, `docker-compose config -q`); older ones were not tried.
const MINIMUM: &[u32] = &[2, 23, 1];

fn run(_: &Context<'_>, findings: &mut Findings) {
    let message = match docker::ask(&["compose", "version", "--short"]) {
        // `host-engine` reports it.
        Err(Failure::Missing | Failure::Silent) => return,
        Err(Failure::Failed(_)) => "there is no `docker compose` command".to_owned(),
        Ok(version) => match docker::at_least(&version, MINIMUM) {
            Some(true) => return,
            Some(false) | None => {
                format!("Docker Compose is version `{version}`, expected 2.23.1 or newer")
            }
        },
    };
    let help = "install the plugin: https://docs.docker.com/compose/install/linux/".to_owned();
    findings.error("docker compose", message, help);
}
