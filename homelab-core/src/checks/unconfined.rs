//! The kernel's filters around a container stay on.
//!
//! seccomp, `AppArmor` and `SELinux` refuse system calls and files that containers have no use
//! for. Docker's seccomp profile alone made CVE-2022-0185, a way from a container to the
//! host, unusable.
//!
//! Fix: remove the option. `AppArmor`, `SELinux` and the masks over `/proc` may be switched off for
//! a recorded reason (`.apparmor_unconfined("…")`), seccomp never.

use super::{Findings, Rule};
use crate::finding::Severity;
use crate::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "unconfined",
    severity: Severity::Error,
    source: include_str!("unconfined.rs"),
    run,
};

/// Option and value that switch a filter off, and whether a recorded reason excuses it.
const SWITCHES: &[(&str, &str, bool)] = &[
    ("seccomp", "unconfined", false),
    ("apparmor", "unconfined", true),
    ("label", "disable", true),
    ("systempaths", "unconfined", true),
];

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let written = member.service.security_opt.iter();
        for (written, (key, value)) in written.zip(member.security_options()) {
            let value = project.resolve(value.unwrap_or_default());
            let switch = SWITCHES.iter().find(|it| it.0 == key && it.1 == value);
            let Some((_, _, is_excusable)) = switch else { continue };
            if !is_excusable {
                findings.on(
                    &member,
                    format!("`{}` has the security option `{written}`", member.name),
                    "remove it: no reason makes it safe".to_owned(),
                );
            } else if member.reason_for(&format!("{key} {value}")).is_none() {
                findings.on(
                    &member,
                    format!(
                        "`{}` has the security option `{written}` without a recorded reason",
                        member.name
                    ),
                    format!("remove `{written}`"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_both, break_file, spec};
    use crate::privilege::Exception;
    use crate::stack::Stack;

    fn with(option: &str) -> String {
        break_file(|file| file.services["fetch"].security_opt.push(option.to_owned()))
    }

    /// The same, with a reason recorded for it.
    fn with_reason(option: &str) -> String {
        let reason = |stack: &mut Stack| {
            let what = option.replace([':', '='], " ");
            spec(stack, "fetch").exceptions.push(Exception { what, because: "it mounts" });
        };
        break_both(reason, |file| file.services["fetch"].security_opt.push(option.to_owned()))
    }

    #[test]
    fn seccomp_off_is_found_even_with_a_reason() {
        insta::assert_snapshot!(with_reason("seccomp=unconfined"), @r"
        error[unconfined]: `fetch` has the security option `seccomp=unconfined`
          --> fetch.rs
          help: remove it: no reason makes it safe
        ");
    }

    #[test]
    fn apparmor_off_without_reason_is_found() {
        insta::assert_snapshot!(with("apparmor:unconfined"), @r"
        error[unconfined]: `fetch` has the security option `apparmor:unconfined` without a recorded reason
          --> fetch.rs
          help: remove `apparmor:unconfined`
        ");
    }

    #[test]
    fn selinux_off_without_reason_is_found() {
        insta::assert_snapshot!(with("label=disable"), @r"
        error[unconfined]: `fetch` has the security option `label=disable` without a recorded reason
          --> fetch.rs
          help: remove `label=disable`
        ");
    }

    #[test]
    fn a_proc_without_masks_and_reason_is_found() {
        insta::assert_snapshot!(with("systempaths=unconfined"), @r"
        error[unconfined]: `fetch` has the security option `systempaths=unconfined` without a recorded reason
          --> fetch.rs
          help: remove `systempaths=unconfined`
        ");
    }

    #[test]
    fn a_reason_and_a_profile_are_accepted() {
        assert_eq!(with_reason("apparmor=unconfined"), "");
        assert_eq!(with("seccomp:./profile.json"), "");
    }
}
