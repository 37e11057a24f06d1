//! The default of every variable is a value that the variable accepts.
//!
//! A default that its own kind refuses breaks every host that does not set the variable, and
//! `.env.example` teaches it to everybody.
//!
//! Fix: correct the default in `.or(…)`, or the kind.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::dsl::variable::{Fallback, Kind};
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "variable-default",
    severity: Severity::Error,
    source: include_str!("variable_default.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let Some(stack) = project.stack() else { return };
    for variable in stack.site.variables {
        let (default, kind) = match variable.fallback() {
            Fallback::Required => continue,
            Fallback::Value(value) => (value, variable.kind()),
            Fallback::Under(_, path) => (path, variable.kind()),
        };
        let is_profile = |name: &str| stack.site.profiles.iter().any(|it| it.name() == name);
        let are_known =
            kind != Kind::Profiles || default.is_empty() || default.split(',').all(is_profile);
        // While a further domain is empty, nothing is served there.
        let is_off = kind == Kind::Hostname && default.is_empty() && *variable != stack.site.domain;
        if !(is_off || kind.accepts(default)) || !are_known {
            findings.variable(
                variable,
                format!("`{variable}` has the default `{default}`, expected {}", kind.expected()),
                format!("correct the default of `{variable}`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_stack;
    use crate::dsl::stack::Stack;
    use crate::dsl::variable::{EnvVar, Kind};

    #[test]
    fn a_default_that_is_not_accepted_is_found() {
        const DOMAIN: EnvVar = EnvVar::new("DOMAIN", Kind::Hostname, "Domain.").or("home");
        let found = break_stack(|stack| replace(stack, DOMAIN));
        insta::assert_snapshot!(found, @r"
        error[variable-default]: `DOMAIN` has the default `home`, expected a DNS name with a dot, such as `home.arpa`
          --> DOMAIN.rs
          help: correct the default of `DOMAIN`
        ");
    }

    #[test]
    fn only_the_domain_of_the_house_cannot_be_empty() {
        const FURTHER: EnvVar = EnvVar::new("FURTHER", Kind::Hostname, "Domain.").or("");
        let found = break_stack(|stack| replace(stack, FURTHER));
        assert!(!found.contains("variable-default"), "{found}");
        let found = break_stack(|stack| {
            stack.site.domain = FURTHER;
            replace(stack, FURTHER);
        });
        assert!(found.contains("`FURTHER` has the default ``"), "{found}");
    }

    #[test]
    fn a_profile_that_does_not_exist_is_found() {
        const PROFILES: EnvVar =
            EnvVar::new("COMPOSE_PROFILES", Kind::Profiles, "On.").or("notes,nots");
        let found = break_stack(|stack| replace(stack, PROFILES));
        insta::assert_snapshot!(found, @r"
        error[variable-default]: `COMPOSE_PROFILES` has the default `notes,nots`, expected a comma list of profiles
          --> COMPOSE_PROFILES.rs
          help: correct the default of `COMPOSE_PROFILES`
        ");
    }

    /// Declares a variable, in place of one of that name.
    fn replace(stack: &mut Stack, variable: EnvVar) {
        let mut all = stack.site.variables.to_vec();
        all.retain(|it| it.name() != variable.name());
        all.push(variable);
        stack.site.variables = all.leak();
    }
}
