//! No word of a label for the proxy is a brace.
//!
//! The proxy writes the words of a label into its Caddyfile as they are. A brace that stands alone
//! opens or closes a block there, so that the lines after it are those of another site, or of none.
//!
//! Fix: nest with dots in the name of the label, as in `caddy.reverse_proxy.header_up`, and write
//! placeholders without spaces: `{http.request.host}`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "route-directive",
    severity: Severity::Error,
    source: include_str!("route_directive.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for site in project.blocks_of(member.name).filter(|it| it.breaks_out()) {
            let label = &site.label;
            findings.on(
                &member,
                format!(
                    "a label of `{}` that begins with `{label}` has a brace as a word",
                    member.name
                ),
                format!("nest by dots in the name of the label: `{label}.DIRECTIVE.SUBDIRECTIVE`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::break_file;

    #[test]
    fn a_brace_that_stands_alone_is_found() {
        let with = |value: &'static str| {
            break_file(move |file| {
                let labels = &mut file.services["web"].labels;
                labels.insert("caddy.reverse_proxy.header_up".to_owned(), value.to_owned());
            })
        };
        insta::assert_snapshot!(with("X y } respond {"), @r"
        error[route-directive]: a label of `web` that begins with `caddy` has a brace as a word
          --> web.rs
          help: nest by dots in the name of the label: `caddy.DIRECTIVE.SUBDIRECTIVE`
        ");
        assert!(with("`}` y").contains("[route-directive]"));
        assert_eq!(with("Host {http.request.host}"), "");
    }
}
