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
use crate::power::namespaces;
use crate::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "host-namespace",
    severity: Severity::Error,
    source: include_str!("host_namespace.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for (key, _) in namespaces(project, &member).filter(|it| it.1 == "host") {
            if member.reason_for(&format!("{key} host")).is_none() {
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
    use crate::compose::Service;
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
    fn every_other_namespace_of_the_host_is_found() {
        type Field = fn(&mut Service) -> &mut Option<String>;
        let fields: [(&str, Field); 4] = [
            ("pid", |it| &mut it.pid),
            ("ipc", |it| &mut it.ipc),
            ("uts", |it| &mut it.uts),
            ("userns_mode", |it| &mut it.userns_mode),
        ];
        for (key, field) in fields {
            let found = break_file(|file| {
                *field(&mut file.services["fetch"]) = Some("host".to_owned());
            });
            let told = format!("error[host-namespace]: `fetch` has `{key}: host` without");
            assert!(found.starts_with(&told), "{found}");
        }
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
