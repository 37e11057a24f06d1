//! A variable in a route has a default or is required.
//!
//! Compose puts nothing in the place of a variable that is not set and only warns. The host
//! name is then another one, or none: the site vanishes, or its login does.
//!
//! Fix: write `${NAME:-default}`, or `${NAME:?message}` to stop with that message. An empty
//! default is none. Variables that a given `.env` sets are not reported.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::compose::interpolate;
use crate::model::project::Project;
use crate::proxy::caddyfile;

pub(super) const RULE: Rule = Rule {
    id: "route-variable",
    severity: Severity::Error,
    source: include_str!("route_variable.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        let labels = member.service.labels.iter().filter(|it| caddyfile::is_label(it.0));
        for (key, value) in labels {
            let is_unset = |it: &String| project.resolve(&format!("${{{it}:-}}")).is_empty();
            for variable in interpolate::gaps(value).into_iter().filter(is_unset) {
                findings.on(
                    &member,
                    format!("the label `{key}` needs `{variable}`, which may be unset: `{value}`"),
                    format!(
                        "write `${{{variable}:?set {variable} in .env}}`, or give it a default"
                    ),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Project, RULE};
    use crate::checks::check;
    use crate::checks::testing::{CATALOGUE, break_file, good};
    use crate::lower::lower;

    fn with_domain(domain: &str) -> String {
        break_file(|file| {
            file.services["web"].labels["caddy"] = format!("notes.{domain}");
        })
    }

    #[test]
    fn a_variable_without_default_is_found() {
        insta::assert_snapshot!(with_domain("${DOMAIN}"), @r"
        error[route-variable]: the label `caddy` needs `DOMAIN`, which may be unset: `notes.${DOMAIN}`
          --> web.rs
          help: write `${DOMAIN:?set DOMAIN in .env}`, or give it a default
        ");
    }

    #[test]
    fn a_variable_without_braces_is_found() {
        insta::assert_snapshot!(with_domain("$DOMAIN"), @r"
        error[route-variable]: the label `caddy` needs `DOMAIN`, which may be unset: `notes.$DOMAIN`
          --> web.rs
          help: write `${DOMAIN:?set DOMAIN in .env}`, or give it a default
        ");
    }

    #[test]
    fn an_empty_default_is_found() {
        insta::assert_snapshot!(with_domain("${DOMAIN:-}"), @r"
        error[route-variable]: the label `caddy` needs `DOMAIN`, which may be unset: `notes.${DOMAIN:-}`
          --> web.rs
          help: write `${DOMAIN:?set DOMAIN in .env}`, or give it a default
        ");
        insta::assert_snapshot!(with_domain("${DOMAIN-}"), @r"
        error[route-variable]: the label `caddy` needs `DOMAIN`, which may be unset: `notes.${DOMAIN-}`
          --> web.rs
          help: write `${DOMAIN:?set DOMAIN in .env}`, or give it a default
        ");
    }

    #[test]
    fn a_required_variable_and_one_with_default_are_not_found() {
        assert_eq!(with_domain("${DOMAIN:?set it}"), "");
        assert_eq!(with_domain("${DOMAIN:-home.arpa}"), "");
    }

    #[test]
    fn a_variable_that_is_set_is_not_found() {
        let mut file = lower(&good());
        file.services["web"].labels["caddy"] = "notes.${DOMAIN}".to_owned();
        let values = [("DOMAIN".to_owned(), "home.arpa".to_owned())].into_iter().collect();
        let project = Project::from_file(file, &CATALOGUE).with_values(values);
        let found = check(&project).findings;
        assert!(!found.iter().any(|it| it.rule == RULE.id), "{found:?}");
    }
}
