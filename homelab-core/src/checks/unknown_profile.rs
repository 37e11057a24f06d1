//! Every profile that a service or `Site::never` names is one of the stack's.
//!
//! A misspelt profile is never switched on: the service does not run, and nothing says so. In
//! `Site::never` it leaves the memory budget as it was.
//!
//! Fix: declare the profile in `Site::profiles`, or name one that is there.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "unknown-profile",
    severity: Severity::Error,
    source: include_str!("unknown_profile.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let Some(stack) = project.stack() else { return };
    let known: Vec<_> = stack.site.profiles.iter().map(|it| it.name()).collect();
    let help = format!("declare it in `Site::profiles`, or use one of `{}`", known.join("`, `"));
    for member in project.members() {
        for profile in member.service.profiles.iter().filter(|it| !known.contains(&it.as_str())) {
            findings.on(
                &member,
                format!(
                    "`{}` has the profile `{profile}`, which the stack does not declare",
                    member.name
                ),
                help.clone(),
            );
        }
    }
    for profile in stack.site.never.iter().filter(|it| !known.contains(&it.name())) {
        let name = profile.name();
        findings.about(
            stack.site.project,
            format!("`Site::never` names the profile `{name}`, which the stack does not declare"),
            help.clone(),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_file, break_stack};
    use crate::dsl::resource::Profile;

    #[test]
    fn a_misspelt_profile_is_found() {
        let found = break_file(|file| file.services["fetch"].profiles.push("nots".to_owned()));
        insta::assert_snapshot!(found, @r"
        error[unknown-profile]: `fetch` has the profile `nots`, which the stack does not declare
          --> fetch.rs
          help: declare it in `Site::profiles`, or use one of `notes`
        ");
    }

    #[test]
    fn a_misspelt_profile_that_is_never_on_is_found() {
        const MISSPELT: Profile = Profile::new("nots", "Notes.");
        let found = break_stack(|stack| stack.site.never = &[MISSPELT]);
        insta::assert_snapshot!(found, @r"
        error[unknown-profile]: `Site::never` names the profile `nots`, which the stack does not declare
          --> house
          help: declare it in `Site::profiles`, or use one of `notes`
        ");
        assert_eq!(break_stack(|stack| stack.site.never = stack.site.profiles), "");
    }
}
