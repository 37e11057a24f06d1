//! No service is privileged.
//!
//! `privileged: true` gives a container every capability and every device of the host, and
//! switches seccomp and `AppArmor` off: a process in it is root on the host.
//!
//! Fix: remove it, and give the service the one device or capability that it needs.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "privileged",
    severity: Severity::Error,
    source: include_str!("privileged.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members().filter(|it| it.service.privileged) {
        findings.on(
            &member,
            format!("`{}` has `privileged: true`", member.name),
            "remove it and add the device or the capability that the service needs".to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_privileged_service_is_found() {
        let found = break_file(|file| file.services["web"].privileged = true);
        insta::assert_snapshot!(found, @r"
        error[privileged]: `web` has `privileged: true`
          --> web.rs
          help: remove it and add the device or the capability that the service needs
        ");
    }
}
