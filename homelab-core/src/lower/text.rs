//! Writes text as Compose reads it: dollars of literal parts doubled, variables as `${…}`.

use serde_yaml::Value;

use crate::dsl::text::{Piece, Text};
use crate::dsl::variable::{EnvVar, Fallback, Switch};

/// Writes a text for `compose.yaml`.
pub fn text(text: &Text) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => literal(text),
        Piece::Variable(variable) => reference(variable),
        Piece::IfSet { variable, text } => format!("${{{variable}:+{}}}", literal(text)),
        Piece::Choice { switch, off, on } => choice(*switch, off, on),
    };
    text.pieces().iter().map(piece).collect()
}

/// Escapes the `$` of a literal, so that Compose does not read it as a variable.
pub fn literal(text: &str) -> String {
    text.replace('$', "$$")
}

/// Escapes the `$` of every text in a value.
pub(crate) fn escape_all(value: &mut Value) {
    match value {
        Value::String(text) => *text = literal(text),
        Value::Sequence(list) => list.iter_mut().for_each(escape_all),
        Value::Mapping(map) => map.values_mut().for_each(escape_all),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Tagged(_) => {}
    }
}

/// Writes the reference to a variable: `${NAME:-default}` or `${NAME:?message}`.
pub(crate) fn reference(variable: &EnvVar) -> String {
    let name = variable.name();
    match variable.fallback() {
        Fallback::Required => {
            format!("${{{name}:?set {name} in .env: {}}}", variable.meaning())
        }
        Fallback::Value(value) => format!("${{{name}:-{value}}}"),
        Fallback::Under(parent, path) => format!("${{{name}:-{}{path}}}", reference(parent)),
    }
}

/// Writes one text for a switch that is off, another for one that is on.
///
/// Compose's `-` and `+` without a colon ask whether a variable is set, even to an empty value.
/// With any other value than an empty one, the result is neither of the two texts.
fn choice(switch: Switch, off: &str, on: &str) -> String {
    let name = switch.variable().name();
    let on = if on.is_empty() { String::new() } else { format!("${{{name}+{on}}}") };
    format!("{on}${{{name}-{off}}}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::interpolate;
    use crate::dsl::variable::Kind;

    const ROOT: EnvVar = EnvVar::new("DATA_ROOT", Kind::Path, "Where the data lives.");
    const PHOTOS: EnvVar = EnvVar::new("PHOTOS", Kind::Path, "Photos.").or_under(&ROOT, "/photos");

    #[test]
    fn only_variables_interpolate() {
        const DOMAIN: EnvVar = EnvVar::new("DOMAIN", Kind::Hostname, "Domain.").or("home.arpa");
        let mixed = Text::literal("cost: $5, ${HOME} at ").and(DOMAIN).and("$");
        insta::assert_snapshot!(text(&mixed), @"cost: $$5, $${HOME} at ${DOMAIN:-home.arpa}$$");
    }

    #[test]
    fn references_carry_default_or_message() {
        insta::assert_snapshot!(reference(&PHOTOS), @"${PHOTOS:-${DATA_ROOT:?set DATA_ROOT in .env: Where the data lives.}/photos}");
    }

    #[test]
    fn a_switch_is_on_while_its_line_is_there_and_empty() {
        let switch = Switch::new("FOLLOW", "Follow.");
        for (value, expected) in [(None, "false @1"), (Some(""), "true "), (Some("x"), "truex x")] {
            let both = Text::choice(switch, "false", "true").and(" ");
            let both = text(&both.and(Text::choice(switch, "@1", "")));
            let found = interpolate::resolve(&both, &|_| value.map(str::to_owned));
            assert_eq!(found.as_deref(), Ok(expected), "{value:?}");
        }
    }
}
