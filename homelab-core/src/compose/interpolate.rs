//! Compose's interpolation: what `${NAME:-default}` becomes with given values.
//!
//! The grammar is the Compose Specification's:
//! <https://github.com/compose-spec/compose-spec/blob/main/12-interpolation.md>

use std::fmt;

use crate::compose::limits::{self, Exceeded, NESTING};

/// Values for interpolation: a variable's value, or `None` when it is not set.
pub type Lookup<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Why a text could not be interpolated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// A required variable has no value; the message is the author's.
    Missing {
        /// The variable.
        name: String,
        /// What the author wrote after `:?`.
        message: String,
    },
    /// The text is not valid: what was found.
    Syntax(String),
    /// The text nests too deep, or becomes too long.
    Limit(Exceeded),
}

impl From<Exceeded> for Error {
    fn from(it: Exceeded) -> Self {
        Self::Limit(it)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { name, message } => {
                write!(f, "required variable `{name}` is missing a value: {message}")
            }
            Self::Syntax(text) => {
                let shown: String = text.chars().take(200).collect();
                write!(f, "invalid interpolation in `{shown}`")
            }
            Self::Limit(it) => it.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// Interpolates `text`; an unset variable without operator becomes empty, as in Compose.
///
/// # Errors
///
/// [`Error::Missing`] for `${NAME:?…}` without a value, [`Error::Syntax`] for
/// an unclosed brace or a `$` that begins no variable, [`Error::Limit`] for what is too deep or too long.
pub fn resolve(text: &str, lookup: &Lookup<'_>) -> Result<String, Error> {
    resolve_inside(text, lookup, 0)
}

/// Interpolates a text that stands inside of `level` other variables.
fn resolve_inside(text: &str, lookup: &Lookup<'_>, level: usize) -> Result<String, Error> {
    limits::at_most(NESTING, level, "levels of `${…}`")?;
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let end = closing_brace(after).ok_or_else(|| Error::Syntax(text.to_owned()))?;
            out.push_str(&expression(&after[..end], lookup, level)?);
            rest = &after[end + 1..];
        } else {
            let end = name_length(rest);
            if end == 0 {
                return Err(Error::Syntax(text.to_owned()));
            }
            out.push_str(&lookup(&rest[..end]).unwrap_or_default());
            rest = &rest[end..];
        }
        limits::at_most(limits::VALUE, out.len(), "bytes of text")?;
    }
    out.push_str(rest);
    limits::at_most(limits::VALUE, out.len(), "bytes of text")?;
    Ok(out)
}

/// Returns the names of the variables that `text` refers to, nested ones included, in order.
pub fn variables(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
            continue;
        }
        rest = rest.strip_prefix('{').unwrap_or(rest);
        let end = name_length(rest);
        if end > 0 {
            found.push(rest[..end].to_owned());
        }
        rest = &rest[end..];
    }
    found
}

/// Returns the names of the variables that leave a gap in `text` when they are not set: they have
/// neither a `?` nor a default that is not empty. A text that nests too deep has none, because it
/// cannot be resolved.
pub(crate) fn gaps(text: &str) -> Vec<String> {
    gaps_inside(text, 0)
}

fn gaps_inside(text: &str, level: usize) -> Vec<String> {
    let mut found = Vec::new();
    if level > NESTING {
        return found;
    }
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let Some(end) = closing_brace(after) else { break };
            let (name, operator) = after[..end].split_at(name_length(&after[..end]));
            let rule = operator.strip_prefix(':').unwrap_or(operator);
            match rule.strip_prefix('-') {
                Some(default) if !default.is_empty() => {
                    found.append(&mut gaps_inside(default, level + 1));
                }
                _ if rule.starts_with('?') => {}
                _ => found.push(name.to_owned()),
            }
            rest = &after[end + 1..];
        } else {
            let (name, after) = rest.split_at(name_length(rest));
            found.extend((!name.is_empty()).then(|| name.to_owned()));
            rest = after;
        }
    }
    found
}

/// Resolves one `${…}`, given without its braces.
fn expression(inner: &str, lookup: &Lookup<'_>, level: usize) -> Result<String, Error> {
    let end = name_length(inner);
    let (name, operator) = inner.split_at(end);
    if name.is_empty() {
        return Err(Error::Syntax(format!("${{{inner}}}")));
    }
    let value = lookup(name);
    let filled = value.clone().filter(|it| !it.is_empty());
    let (rule, chosen) = match operator.strip_prefix(':') {
        Some(rule) => (rule, filled),
        None => (operator, value.clone()),
    };
    match (rule.get(..1), chosen) {
        (None, _) if operator.is_empty() => Ok(value.unwrap_or_default()),
        (Some("-" | "?"), Some(value)) => Ok(value),
        (Some("-"), None) | (Some("+"), Some(_)) => resolve_inside(&rule[1..], lookup, level + 1),
        (Some("+"), None) => Ok(String::new()),
        (Some("?"), None) => {
            let message = resolve_inside(&rule[1..], lookup, level + 1)?;
            Err(Error::Missing { name: name.to_owned(), message })
        }
        _ => Err(Error::Syntax(format!("${{{inner}}}"))),
    }
}

fn name_length(text: &str) -> usize {
    let name = |at: &(usize, char)| {
        at.1 == '_' || at.1.is_ascii_alphabetic() || at.0 > 0 && at.1.is_ascii_digit()
    };
    text.char_indices().take_while(name).count()
}

/// Finds the brace that closes the one before `text`; nested `${…}` are stepped over.
fn closing_brace(text: &str) -> Option<usize> {
    let mut depth = 0;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' if at > 0 && bytes[at - 1] == b'$' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str) -> Result<String, Error> {
        resolve(text, &|name| match name {
            "A" => Some("a".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn operators_follow_the_specification() {
        for (text, expected) in [
            ("plain", "plain"),
            ("$$A", "$A"),
            ("$A-x", "a-x"),
            ("${A}", "a"),
            ("${NO}", ""),
            ("${NO:-d}", "d"),
            ("${NO-d}", "d"),
            ("${EMPTY:-d}", "d"),
            ("${EMPTY-d}", ""),
            ("${A:+r}", "r"),
            ("${NO:+r}", ""),
            ("${EMPTY+r}", "r"),
            ("${EMPTY:+r}", ""),
            ("${A:?no}", "a"),
            ("${NO:-${A}/x}", "a/x"),
            ("${NO:-${NO2:-$A}}", "a"),
        ] {
            assert_eq!(with(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn missing_and_malformed_are_errors() {
        insta::assert_snapshot!(with("${NO:?set NO}").expect_err("NO is not set"), @"required variable `NO` is missing a value: set NO");
        for text in ["${A", "${}", "${A!x}", "$", "a $ b"] {
            assert!(matches!(with(text), Err(Error::Syntax(_))), "{text}");
        }
    }

    #[test]
    fn what_nests_too_deep_is_an_error() {
        let nested = |levels: usize| "${B:-".repeat(levels) + &"}".repeat(levels);
        assert_eq!(with(&nested(NESTING)).as_deref(), Ok(""));
        for levels in [NESTING + 1, 50_000] {
            let text = nested(levels);
            let error = with(&text).expect_err("it nests too deep").to_string();
            assert_eq!(error, "it has 17 levels of `${…}` or more, expected at most 16");
            assert!(gaps(&text).len() <= 1);
        }
    }

    #[test]
    fn what_becomes_too_long_is_an_error() {
        let long = "x".repeat(limits::VALUE);
        let lookup = |_: &str| Some(long.clone());
        assert_eq!(resolve("$A", &lookup).map(|it| it.len()), Ok(limits::VALUE));
        assert!(matches!(resolve("$A$A", &lookup), Err(Error::Limit(_))));
        assert!(matches!(resolve("${A:+$A$A}", &lookup), Err(Error::Limit(_))));
    }

    proptest::proptest! {
        #[test]
        fn no_nesting_panics(text in "([$][{][A-C](:?[-+?])?|[}]|[$]){0,200}") {
            let _ = with(&text);
            gaps(&text);
        }
    }

    #[test]
    fn gaps_have_neither_default_nor_question_mark() {
        let text =
            "$$A $B ${C} ${D-} ${E:-} ${F:-f} ${G:?g} ${H?} ${I:-${J}} ${K:-${L:-l}} ${M:+m}";
        assert_eq!(gaps(text), ["B", "C", "D", "E", "J", "M"]);
    }

    #[test]
    fn variables_are_found_in_order() {
        assert_eq!(variables("$$X ${A:-${B:?m}/c} $C"), ["A", "B", "C"]);
    }
}
