//! No label of an author replaces one that the stack makes.
//!
//! The stack writes labels for the proxy, for deploys and for the updater. A label of the same name
//! takes their place in silence: a login is no longer asked for, or a database no longer dumped.
//!
//! Fix: say it with the word that makes the label; a line of the proxy without a word is
//! `Directive::raw(…)`.

use super::{Findings, Rule};
use crate::checks::finding::Severity;
use crate::lower;
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "label-replaced",
    severity: Severity::Error,
    source: include_str!("label_replaced.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    let Some(stack) = project.stack() else { return };
    for spec in stack.services.iter().filter(|it| !it.labels.is_empty()) {
        let Some(member) = project.member(spec.name.as_str()) else { continue };
        let mut bare = spec.clone();
        bare.labels.clear();
        let made = lower::labels(stack, &bare);
        for key in spec.labels.keys().filter(|key| made.contains_key(**key)) {
            findings.on(
                &member,
                format!("`{}` replaces the label `{key}`, which the stack makes", spec.name),
                format!("remove `.label(\"{key}\", …)`, and use the word that makes it"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::prelude::Text;

    #[test]
    fn a_label_in_the_place_of_another_is_found() {
        let with = |key: &'static str| {
            break_stack(|stack| {
                let web = spec(stack, "web");
                web.labels.insert(key, Text::literal("common"));
            })
        };
        let found = with("caddy.import");
        assert!(found.contains("error[route-login]"), "{found}");
        let found = found.lines().skip_while(|it| !it.contains("label-replaced"));
        insta::assert_snapshot!(found.collect::<Vec<_>>().join("\n"), @r#"
        error[label-replaced]: `web` replaces the label `caddy.import`, which the stack makes
          --> web.rs
          help: remove `.label("caddy.import", …)`, and use the word that makes it
        "#);
        assert_eq!(with("com.example.note"), "");
    }
}
