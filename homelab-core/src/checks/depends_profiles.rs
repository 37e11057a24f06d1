//! A service's dependencies are enabled by every set of profiles that enables the service.
//!
//! Compose refuses to start a service whose dependency no profile enables. `docker compose
//! config` only tries the profiles that are on now, so the mistake shows on the day when
//! somebody switches one off.
//!
//! Fix: give the dependency every profile of its dependant, or none at all.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "depends-profiles",
    severity: Severity::Error,
    source: include_str!("depends_profiles.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let dependencies = member.service.depends_on.keys().filter_map(|it| project.member(it));
        for other in dependencies.filter(|it| !it.runs_whenever(&member)) {
            let missing = |it: &&String| !other.service.profiles.contains(it);
            let (dependant, dependency) = (member.name, other.name);
            let (when, help) = match member.service.profiles.iter().find(missing) {
                Some(profile) => (
                    format!("with only the profile `{profile}` on"),
                    format!("give `{dependency}` the profile `{profile}`, or none at all"),
                ),
                None => (
                    "without any profile".to_owned(),
                    format!(
                        "give `{dependant}` a profile of `{dependency}`, or `{dependency}` none"
                    ),
                ),
            };
            findings.on(
                &member,
                format!("`{dependant}` runs {when}, but its dependency `{dependency}` does not"),
                help,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{NOTES, break_file, break_stack, spec};
    use crate::compose::{Condition, Dependency, File};
    use crate::dsl::health::DependsOn;
    use crate::prelude::*;

    const WEATHER: Profile = Profile::new("weather", "The weather.");

    #[test]
    fn a_service_that_always_runs_and_its_optional_dependency_are_found() {
        let found = break_file(|file| wait_for_db(file, "fetch"));
        insta::assert_snapshot!(found, @r"
        error[depends-profiles]: `fetch` runs without any profile, but its dependency `db` does not
          --> fetch.rs
          help: give `fetch` a profile of `db`, or `db` none
        ");
    }

    #[test]
    fn a_profile_that_the_dependency_lacks_is_found() {
        let found = break_stack(|stack| {
            stack.site.profiles = &[NOTES, WEATHER];
            spec(stack, "fetch").profiles = vec![WEATHER];
            spec(stack, "fetch").depends.insert(ServiceName::new("db"), DependsOn::Healthy);
        });
        insta::assert_snapshot!(found, @r"
        error[depends-profiles]: `fetch` runs with only the profile `weather` on, but its dependency `db` does not
          --> fetch.rs
          help: give `db` the profile `weather`, or none at all
        ");
    }

    #[test]
    fn a_dependency_with_the_same_profile_is_fine() {
        let found = break_file(|file| {
            file.services["fetch"].profiles = vec!["notes".to_owned()];
            wait_for_db(file, "fetch");
        });
        assert_eq!(found, "");
    }

    fn wait_for_db(file: &mut File, name: &str) {
        let dependency = Dependency { condition: Condition::ServiceHealthy, restart: false };
        file.services[name].depends_on.insert("db".to_owned(), dependency);
    }
}
