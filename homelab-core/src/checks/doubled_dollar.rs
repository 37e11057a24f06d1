//! No text escapes a dollar that is escaped already.
//!
//! The DSL writes every `$` of a text as `$$`, which Compose turns back. An author who writes `$$HOME`
//! there, as in a Compose file, gives the container `$$HOME`: a shell replaces `$$` by a number.
//!
//! Fix: write one `$`. In a Compose file: two, which are one for the container.

use super::{Findings, Rule};
use crate::checks::finding::{Help, Severity};
use crate::model::project::Project;

pub(super) const RULE: Rule = Rule {
    id: "doubled-dollar",
    severity: Severity::Error,
    source: include_str!("doubled_dollar.rs"),
    run,
};

fn run(project: &Project<'_>, findings: &mut Findings) {
    for member in project.members() {
        for text in member.service.strings() {
            let Some(name) = doubled(text) else { continue };
            findings.on(
                &member,
                format!("`{}` gets two dollars in `$${name}`", member.name),
                Help::new("write one `$`: the DSL escapes it", format!("write `$${name}`")),
            );
        }
    }
}

/// Returns the first name behind two dollars for the container, which are four in a file. Two
/// without a name are a shell's own number.
fn doubled(text: &str) -> Option<&str> {
    text.match_indices("$$$$").find_map(|(at, dollars)| {
        let rest = &text[at + dollars.len()..];
        let is_name = |it: char| it.is_ascii_alphanumeric() || "_{}".contains(it);
        let end = rest.find(|it| !is_name(it)).unwrap_or(rest.len());
        rest.starts_with(|it: char| it.is_ascii_alphabetic() || "_{".contains(it))
            .then(|| &rest[..end])
    })
}

#[cfg(test)]
mod tests {
    use crate::checks::testing::{break_stack, spec};
    use crate::dsl::text::Text;

    fn with(text: &str) -> String {
        break_stack(|stack| {
            spec(stack, "fetch").command =
                vec![Text::literal("sh"), Text::literal("-c"), Text::literal(text)];
        })
    }

    #[test]
    fn a_dollar_that_was_escaped_by_hand_is_found() {
        insta::assert_snapshot!(with("echo $$HOME"), @r"
        error[doubled-dollar]: `fetch` gets two dollars in `$$HOME`
          --> fetch.rs
          help: write one `$`: the DSL escapes it
        ");
        assert!(with("echo $${HOME}").starts_with("error[doubled-dollar]"));
    }

    #[test]
    fn one_dollar_and_the_number_of_a_shell_are_fine() {
        assert_eq!(with("echo $HOME ${HOME} $5"), "");
        assert_eq!(with("echo $$ >/tmp/pid; echo $$.pid"), "");
    }
}
