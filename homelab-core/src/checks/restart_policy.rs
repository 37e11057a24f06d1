//! A long-running service comes back after a crash and after a reboot.
//!
//! Without `restart:` a container stays down after its first crash and after every
//! reboot of the host, and nobody notices until the service is needed.
//!
//! Fix: set `restart: unless-stopped`. The DSL does so by itself.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "restart-policy",
    severity: Severity::Warning,
    source: include_str!("restart_policy.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let policy = member.service.restart.as_deref().unwrap_or("no");
        if !matches!(policy, "always" | "unless-stopped") {
            findings.on(
                &member,
                format!("`{}` has the restart policy `{policy}`", member.name),
                "set `restart: unless-stopped`".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_service_without_policy_is_found() {
        let found = break_file(|file| file.services["web"].restart = None);
        insta::assert_snapshot!(found, @r"
        warning[restart-policy]: `web` has the restart policy `no`
          --> web.rs
          help: set `restart: unless-stopped`
        ");
    }
}
