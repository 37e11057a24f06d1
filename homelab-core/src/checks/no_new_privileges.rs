//! A process cannot gain privileges that its parent did not have.
//!
//! Without `no-new-privileges` a program with the setuid bit, such as `su` or `mount`, runs as
//! root for whoever starts it, and a process without rights has a way to get some.
//!
//! Fix: set `security_opt: ["no-new-privileges:true"]`. The DSL does so. Of several entries
//! the last one counts.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "no-new-privileges",
    severity: Severity::Error,
    source: include_str!("no_new_privileges.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let fault = match member.new_privileges(project) {
            None => "does not set",
            Some(false) => continue,
            Some(true) => "switches off",
        };
        findings.on(
            &member,
            format!("`{}` {fault} `no-new-privileges`", member.name),
            "set `security_opt: [\"no-new-privileges:true\"]`".to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    fn with(options: &[&str]) -> String {
        break_file(|file| {
            file.services["web"].security_opt = options.iter().map(|it| (*it).to_owned()).collect();
        })
    }

    #[test]
    fn a_service_without_it_is_found() {
        insta::assert_snapshot!(with(&[]), @r#"
        error[no-new-privileges]: `web` does not set `no-new-privileges`
          --> web.rs
          help: set `security_opt: ["no-new-privileges:true"]`
        "#);
    }

    #[test]
    fn a_later_entry_that_switches_it_off_is_found() {
        insta::assert_snapshot!(with(&["no-new-privileges", "no-new-privileges=false"]), @r#"
        error[no-new-privileges]: `web` switches off `no-new-privileges`
          --> web.rs
          help: set `security_opt: ["no-new-privileges:true"]`
        "#);
    }

    #[test]
    fn a_variable_that_switches_it_off_is_found() {
        let found = with(&["no-new-privileges", "${X:-no-new-privileges=false}"]);
        assert!(found.starts_with("error[no-new-privileges]: `web` switches off"), "{found}");
    }

    #[test]
    fn every_spelling_is_accepted() {
        assert_eq!(with(&["no-new-privileges"]), "");
        assert_eq!(with(&["no-new-privileges=true"]), "");
        assert_eq!(with(&["no-new-privileges:false", "no-new-privileges:true"]), "");
    }
}
