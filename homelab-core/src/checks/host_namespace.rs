//! A service has namespaces of its own, unless there is a recorded reason.
//!
//! In the host's network a container reaches what listens on `localhost` only, and publishes
//! every port it opens; in the host's process namespace it sees and can signal every process
//! of its user. `ipc`, `uts` and `userns_mode` each remove another wall.
//!
//! Fix: remove the line. Where the service is about the host, as a monitor is, record the
//! reason: `.host_pid("…")`.

use super::{Findings, Rule};
use crate::finding::Severity;
use crate::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "host-namespace",
    severity: Severity::Error,
    source: include_str!("host_namespace.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let service = member.service;
        let modes = [
            ("network_mode", &service.network_mode),
            ("pid", &service.pid),
            ("ipc", &service.ipc),
            ("uts", &service.uts),
            ("userns_mode", &service.userns_mode),
        ];
        for (key, mode) in modes {
            let is_host = mode.as_ref().is_some_and(|it| project.resolve(it) == "host");
            if is_host && member.reason_for(&format!("{key} host")).is_none() {
                findings.on(
                    &member,
                    format!("`{}` has `{key}: host` without a recorded reason", member.name),
                    format!("remove `{key}: host`"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack, spec};
    use crate::privilege::Exception;

    #[test]
    fn the_network_of_the_host_is_found() {
        let found = break_file(|file| {
            file.services["dump"].networks.clear();
            file.services["dump"].network_mode = Some("host".to_owned());
        });
        insta::assert_snapshot!(found, @r"
        error[host-namespace]: `dump` has `network_mode: host` without a recorded reason
          --> dump.rs
          help: remove `network_mode: host`
        ");
    }

    #[test]
    fn the_processes_of_the_host_are_found() {
        let found = break_file(|file| file.services["fetch"].pid = Some("host".to_owned()));
        insta::assert_snapshot!(found, @r"
        error[host-namespace]: `fetch` has `pid: host` without a recorded reason
          --> fetch.rs
          help: remove `pid: host`
        ");
    }

    #[test]
    fn the_shared_memory_of_the_host_is_found() {
        let found = break_file(|file| file.services["fetch"].ipc = Some("host".to_owned()));
        insta::assert_snapshot!(found, @r"
        error[host-namespace]: `fetch` has `ipc: host` without a recorded reason
          --> fetch.rs
          help: remove `ipc: host`
        ");
    }

    #[test]
    fn the_host_name_of_the_host_is_found() {
        let found = break_file(|file| file.services["fetch"].uts = Some("host".to_owned()));
        insta::assert_snapshot!(found, @r"
        error[host-namespace]: `fetch` has `uts: host` without a recorded reason
          --> fetch.rs
          help: remove `uts: host`
        ");
    }

    #[test]
    fn the_users_of_the_host_are_found() {
        let found = break_file(|file| file.services["fetch"].userns_mode = Some("host".to_owned()));
        insta::assert_snapshot!(found, @r"
        error[host-namespace]: `fetch` has `userns_mode: host` without a recorded reason
          --> fetch.rs
          help: remove `userns_mode: host`
        ");
    }

    #[test]
    fn a_recorded_reason_is_accepted() {
        let found = break_stack(|stack| {
            let fetch = spec(stack, "fetch");
            fetch.host_pid = true;
            let what = "pid host".to_owned();
            fetch.exceptions.push(Exception { what, because: "it watches processes" });
        });
        assert_eq!(found, "");
    }
}
