//! The kernel's filters around a container stay on.
//!
//! seccomp, `AppArmor` and `SELinux` refuse system calls and files that containers do not need, and
//! read-only control groups keep a container within its limits. Docker's seccomp profile alone
//! stopped CVE-2022-0185, a way from a container to the host.
//!
//! Fix: remove the option. A profile of your own (`seccomp:./profile.json`) may take the default's place.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "unconfined",
    severity: Severity::Error,
    source: include_str!("unconfined.rs"),
    run,
};

/// Options and values that switch a filter off; `disable` alone means the option `label`.
const SWITCHES: &[(&str, &str)] = &[
    ("seccomp", "unconfined"),
    ("apparmor", "unconfined"),
    ("label", "disable"),
    ("disable", ""),
    // SELinux lets processes of this type do everything.
    ("label", "type:spc_t"),
    ("systempaths", "unconfined"),
];

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let written = member.service.security_opt.iter();
        for (written, (key, value)) in written.zip(member.security_options(project)) {
            let value = value.unwrap_or_default();
            let is_off = SWITCHES.contains(&(key.as_str(), value.as_str()));
            if is_off || key == "writable-cgroups" && value != "false" {
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
        for option in [
            "apparmor:unconfined",
            "label=disable",
            "label:disable",
            "disable",
            "label=type:spc_t",
            "systempaths=unconfined",
            "writable-cgroups=true",
            "writable-cgroups",
            "${X:-seccomp=unconfined}",
        ] {
            let told = format!("error[unconfined]: `fetch` has the security option `{option}`\n");
            assert!(with(option).starts_with(&told), "{option}");
        }
    }

    #[test]
    fn a_profile_of_your_own_is_accepted() {
        for option in ["seccomp:./profile.json", "label=type:web_t", "writable-cgroups=false"] {
            assert_eq!(with(option), "", "{option}");
        }
    }
}
