//! The few expressions that the workflows use, with values that a test gives.

use std::collections::BTreeMap;

pub(crate) type Values = BTreeMap<String, String>;

/// A text with each `${{ … }}` replaced by its value; one without a value is a bug of the test.
pub(crate) fn fill(text: &str, values: &Values) -> String {
    let mut parts = text.split("${{");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (expression, rest) = part.split_once("}}").expect("an expression ends");
        filled.push_str(value(expression.trim(), values));
        filled.push_str(rest);
    }
    filled
}

/// Whether a condition holds, when what went before did or did not succeed.
pub(crate) fn holds(condition: Option<&str>, success: bool, values: &Values) -> bool {
    let Some(condition) = condition else { return success };
    if condition == "always()" {
        return true;
    }
    let all = condition.split("&&").all(|term| {
        let (sides, equal) = match term.split_once("==") {
            Some(sides) => (Some(sides), true),
            None => (term.split_once("!="), false),
        };
        let (left, right) = sides.expect("a term is a comparison");
        (value(left.trim(), values) == value(right.trim(), values)) == equal
    });
    // Without a function such as `always()`, GitHub puts `success()` in front.
    success && all
}

fn value<'a>(expression: &'a str, values: &'a Values) -> &'a str {
    if let Some(text) = expression.strip_prefix('\'').and_then(|it| it.strip_suffix('\'')) {
        return text;
    }
    values.get(expression).unwrap_or_else(|| panic!("no test gives `{expression}` a value"))
}
