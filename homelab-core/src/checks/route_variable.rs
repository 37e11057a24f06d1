//! A variable in a route has a default or is required.
//!
//! Compose puts nothing in the place of a variable that is not set and only warns. The host
//! name is then another one, or none: the site vanishes, or its login does.
//!
//! A name that is a snippet's without the variable, as in `${NAME:-(off)}`, is left out on purpose.
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
            // Without its name the site may be meant to be off: a snippet that nobody imports.
            let is_off = |variable: &String| {
                let others = |it: &str| (it != variable).then(|| it.to_owned());
                let text = interpolate::resolve(value, &others);
                !key.contains('.') && text.is_ok_and(|it| it.starts_with('('))
            };
            let gaps = interpolate::gaps(value).into_iter();
            for variable in gaps.filter(is_unset).filter(|it| !is_off(it)) {
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
    fn a_site_that_is_off_without_its_variable_is_not_found() {
        let finds = |name: &str| {
            let found = break_file(|file| file.services["web"].labels["caddy"] = name.to_owned());
            found.contains("[route-variable]")
        };
        assert!(!finds("${PUBLIC:+notes.}${PUBLIC:-(off)}"));
        assert!(finds("${PUBLIC:+notes.${PUBLIC}}"));
        assert!(finds("${PUBLIC:+notes.}${PUBLIC:-(off)} ${OTHER}"));
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
