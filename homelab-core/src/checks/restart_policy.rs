//! A long-running service comes back after a crash and after a reboot, and a job ends.
//!
//! Without `restart:` a container stays down after its first crash and after every
//! reboot of the host, and nobody notices until the service is needed. A job that another service
//! waits for until it has ended (`service_completed_successfully`) never ends with a policy that
//! starts it again.
//!
//! Fix: set `restart: unless-stopped`, for a job `restart: "no"`. The DSL does so by itself.

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
        let comes_back = matches!(policy, "always" | "unless-stopped");
        let (what, right) = match project.is_job(&member) {
            true if comes_back => ("the job ", "restart: \"no\""),
            false if !comes_back => ("", "restart: unless-stopped"),
            true | false => continue,
        };
        findings.on(
            &member,
            format!("{what}`{}` has the restart policy `{policy}`", member.name),
            format!("set `{right}`"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::check;
    use crate::checks::testing::{break_file, good};
    use crate::compose::{Condition, Dependency};
    use crate::lower::lower;
    use crate::model::project::Project;
    use crate::prelude::*;
    use crate::testing::IMAGE;

    #[test]
    fn a_service_without_policy_is_found() {
        let found = break_file(|file| file.services["web"].restart = None);
        insta::assert_snapshot!(found, @r"
        warning[restart-policy]: `web` has the restart policy `no`
          --> web.rs
          help: set `restart: unless-stopped`
        ");
    }
    fn awaited(policy: &str) -> String {
        break_file(|file| {
            let ended =
                Dependency { condition: Condition::ServiceCompletedSuccessfully, restart: false };
            file.services["web"].depends_on.insert("fetch".to_owned(), ended);
            // It starts before `web`, and has to be there whenever that is.
            file.services["fetch"].restart = Some(policy.to_owned());
        })
    }

    #[test]
    fn a_job_that_never_ends_is_found() {
        insta::assert_snapshot!(awaited("unless-stopped"), @r#"
        warning[restart-policy]: the job `fetch` has the restart policy `unless-stopped`
          --> fetch.rs
          help: set `restart: "no"`
        "#);
    }

    #[test]
    fn a_job_ends() {
        assert_eq!(awaited("no"), "");
        let mut stack = good();
        let job = stack.add(
            Service::job(ServiceName::new("migrate"), IMAGE)
                .memory(Memory::mib(64).up_to(Memory::mib(64))),
        );
        let user = Service::agent(ServiceName::new("user"), IMAGE, Health::from_image());
        stack.add(user.uses(&job).memory(Memory::mib(64).up_to(Memory::mib(64))));
        let file = lower(&stack);
        let (job, user) = (&file.services["migrate"], &file.services["user"]);
        assert_eq!(job.restart.as_deref(), Some("no"));
        assert_eq!(user.depends_on["migrate"].condition, Condition::ServiceCompletedSuccessfully);
        assert!(!job.networks.iter().any(|it| user.networks.contains(it)));
        let found = check(&Project::from_stack(&stack)).findings;
        let of_rules = ["restart-policy", "health-check", "depends-healthy"];
        assert!(!found.iter().any(|it| of_rules.contains(&it.rule.as_str())), "{found:?}");
    }
}
