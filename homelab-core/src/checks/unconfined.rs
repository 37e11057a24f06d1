//! The kernel's filters around a container stay on.
//!
//! seccomp, `AppArmor` and `SELinux` refuse system calls and files that containers have no use
//! for. Docker's seccomp profile alone made CVE-2022-0185, a way from a container to the
//! host, unusable.
//!
//! Fix: remove the option. A profile of your own (`seccomp:./profile.json`) may take the default's place.

use super::{Findings, Rule};
use crate::finding::Severity;
use crate::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "unconfined",
    severity: Severity::Error,
    source: include_str!("unconfined.rs"),
    run,
};

/// Option and value that switch a filter off.
const SWITCHES: &[(&str, &str)] = &[
    ("seccomp", "unconfined"),
    ("apparmor", "unconfined"),
    ("label", "disable"),
    ("systempaths", "unconfined"),
];

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let written = member.service.security_opt.iter();
        for (written, (key, value)) in written.zip(member.security_options()) {
            let value = project.resolve(value.unwrap_or_default());
            if SWITCHES.iter().any(|it| it.0 == key && it.1 == value) {
                findings.on(
                    &member,
                    format!("`{}` has the security option `{written}`", member.name),
                    format!("remove `{written}`"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    fn with(option: &str) -> String {
        break_file(|file| file.services["fetch"].security_opt.push(option.to_owned()))
    }

    #[test]
    fn each_filter_that_is_off_is_found() {
        insta::assert_snapshot!(with("seccomp=unconfined"), @r"
        error[unconfined]: `fetch` has the security option `seccomp=unconfined`
          --> fetch.rs
          help: remove `seccomp=unconfined`
        ");
        insta::assert_snapshot!(with("apparmor:unconfined"), @r"
        error[unconfined]: `fetch` has the security option `apparmor:unconfined`
          --> fetch.rs
          help: remove `apparmor:unconfined`
        ");
        insta::assert_snapshot!(with("label=disable"), @r"
        error[unconfined]: `fetch` has the security option `label=disable`
          --> fetch.rs
          help: remove `label=disable`
        ");
        insta::assert_snapshot!(with("systempaths=unconfined"), @r"
        error[unconfined]: `fetch` has the security option `systempaths=unconfined`
          --> fetch.rs
          help: remove `systempaths=unconfined`
        ");
    }

    #[test]
    fn a_profile_is_accepted() {
        assert_eq!(with("seccomp:./profile.json"), "");
    }
}
