//! A path in a matcher of the proxy begins with `/`, or with `*`.
//!
//! Every path that a visitor asks for begins with a slash. The proxy takes `setup` without a word,
//! and the path that was to be closed stays open.
//!
//! Fix: write `/setup`, or `*/setup` to find it below every prefix.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "route-path",
    severity: Severity::Error,
    source: include_str!("route_path.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for site in project.blocks_of(member.name) {
            for path in site.idle_paths() {
                findings.on(
                    &member,
                    format!(
                        "`{}` asks the proxy about the path `{path}`, which is none",
                        member.name
                    ),
                    format!("write `/{path}` or `*/{path}` in the label `{}`", site.label),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_path_without_slash_is_found_however_the_matcher_is_written() {
        let with = |key: &'static str, value: &'static str| {
            break_file(move |file| {
                file.services["web"].labels.insert(key.to_owned(), value.to_owned());
            })
        };
        insta::assert_snapshot!(with("caddy.@closed.path", "/a setup */b"), @r"
        error[route-path]: `web` asks the proxy about the path `setup`, which is none
          --> web.rs
          help: write `/setup` or `*/setup` in the label `caddy`
        ");
        assert!(with("caddy.@closed", "path setup").contains("[route-path]"));
        assert_eq!(with("caddy.@closed", "path /setup *.php {http.vars.x}"), "");
        assert_eq!(with("caddy.@closed", "header Accept setup"), "");
    }
}
