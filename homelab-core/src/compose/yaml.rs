//! Data → YAML text: the only place that knows quoting.
//!
//! `serde_yaml` makes the value tree; its emitter is not used, because it leaves
//! strings such as `2026-01-01` and `1_000` unquoted, which Compose's parser
//! then takes for a date and a number. Here a string is plain only when no YAML
//! version can read it as anything but that string; every other one is double-quoted.

use std::fmt;
use std::fmt::Write as _;

use serde::Serialize;
use serde_yaml::{Mapping, Value};

use crate::compose::File;
use crate::compose::limits::Exceeded;

mod size;

/// How many levels of mappings are separated by blank lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// None.
    Dense,
    /// A blank line between top-level entries and between the entries of each of them.
    Sections,
}

/// Renders plain data as YAML, with every line of `header` as a comment on top.
///
/// # Panics
///
/// Never for the data types of this crate: they are maps with string keys, sequences and scalars.
pub fn render(data: &impl Serialize, header: &str, spacing: Spacing) -> String {
    let value = serde_yaml::to_value(data).expect("plain data with string keys is a YAML value");
    let mut out = comment(header);
    if !header.is_empty() {
        out.push('\n');
    }
    match Shape::of(&value) {
        Shape::Map(map) => block_map(map, 0, spacing, &mut out),
        Shape::List(list) => block_list(list, 0, &mut out),
        Shape::Inline => {
            inline(&value, &mut out);
            out.push('\n');
        }
    }
    out
}

/// How a value is written: on its own lines, or on the line of its key.
enum Shape<'a> {
    Map(&'a Mapping),
    List(&'a [Value]),
    Inline,
}

impl<'a> Shape<'a> {
    fn of(value: &'a Value) -> Self {
        match value {
            Value::Mapping(map) if !map.is_empty() => Self::Map(map),
            Value::Sequence(list) if !list.is_empty() => Self::List(list),
            Value::Mapping(_)
            | Value::Sequence(_)
            | Value::Tagged(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::String(_) => Self::Inline,
        }
    }
}

/// Why a text was not read as a Compose file.
#[derive(Debug)]
pub enum Error {
    /// The text is larger than the limits allow.
    Limit(Exceeded),
    /// What the parser says, with its line.
    Syntax(serde_yaml::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(it) => it.fmt(f),
            Self::Syntax(it) => it.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

impl From<Exceeded> for Error {
    fn from(it: Exceeded) -> Self {
        Self::Limit(it)
    }
}

/// Reads a Compose file in the long forms that [`render`] writes; short forms are refused.
///
/// # Errors
///
/// One of the [`limits`](crate::compose::limits), or what the parser says, with its line.
pub fn parse(text: &str) -> Result<File, Error> {
    size::check(text)?;
    serde_yaml::from_str(text).map_err(Error::Syntax)
}

/// Counts what a text holds, aliases replaced, before anything reads it.
pub(super) fn check(text: &str) -> Result<(), Error> {
    size::check(text)
}

/// Makes a comment for YAML, `.env` and environment files: puts a `#` before every line of `text`.
pub fn comment(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let _ = writeln!(out, "{}", format!("# {line}").trim_end());
    }
    out
}

fn block_map(map: &Mapping, depth: usize, spacing: Spacing, out: &mut String) {
    let mut previous_was_block = false;
    for (at, (key, value)) in map.iter().enumerate() {
        let is_block = !matches!(Shape::of(value), Shape::Inline);
        let apart = match depth {
            0 => is_block || previous_was_block,
            1 => is_block && previous_was_block,
            _ => false,
        };
        if at > 0 && spacing == Spacing::Sections && apart {
            out.push('\n');
        }
        previous_was_block = is_block;
        indent(depth, out);
        inline(key, out);
        out.push(':');
        after_key(value, depth, spacing, out);
    }
}

fn after_key(value: &Value, depth: usize, spacing: Spacing, out: &mut String) {
    match Shape::of(value) {
        Shape::Map(map) => {
            out.push('\n');
            block_map(map, depth + 1, spacing, out);
        }
        Shape::List(list) => {
            out.push('\n');
            block_list(list, depth + 1, out);
        }
        Shape::Inline => {
            out.push(' ');
            inline(value, out);
            out.push('\n');
        }
    }
}

fn block_list(list: &[Value], depth: usize, out: &mut String) {
    for value in list {
        indent(depth, out);
        out.push('-');
        match Shape::of(value) {
            Shape::Map(map) => {
                // The first key shares the dash's line, the others stand below it.
                for (at, (key, value)) in map.iter().enumerate() {
                    if at == 0 {
                        out.push(' ');
                    } else {
                        indent(depth + 1, out);
                    }
                    inline(key, out);
                    out.push(':');
                    after_key(value, depth + 1, Spacing::Dense, out);
                }
            }
            Shape::List(inner) => {
                out.push('\n');
                block_list(inner, depth + 1, out);
            }
            Shape::Inline => {
                out.push(' ');
                inline(value, out);
                out.push('\n');
            }
        }
    }
}

fn indent(depth: usize, out: &mut String) {
    for _ in 0..depth {
        out.push_str("  ");
    }
}

fn inline(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(it) => {
            let _ = write!(out, "{it}");
        }
        Value::Number(it) => {
            let _ = write!(out, "{it}");
        }
        Value::String(it) => string(it, out),
        Value::Sequence(_) => out.push_str("[]"),
        Value::Mapping(_) => out.push_str("{}"),
        Value::Tagged(it) => inline(&it.value, out),
    }
}

fn string(text: &str, out: &mut String) {
    if is_plain(text) {
        out.push_str(text);
    } else {
        quoted(text, out);
    }
}

/// Whether no reader of YAML 1.1 or 1.2 takes the unquoted text for anything but a string.
fn is_plain(text: &str) -> bool {
    const WORDS: &[&str] = &["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"];
    let first_is_safe = text.starts_with(|it: char| it.is_ascii_alphabetic() || "/_".contains(it))
        || text.starts_with("./");
    let all_safe = text.chars().all(|it| it.is_ascii_alphanumeric() || "/._-".contains(it));
    first_is_safe && all_safe && !WORDS.iter().any(|it| it.eq_ignore_ascii_case(text))
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for it in text.chars() {
        match it {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Line and paragraph separators, byte order marks and control characters.
            it if it.is_control() || matches!(it, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(out, "\\u{:04x}", u32::from(it));
            }
            '\u{fffe}' | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(it));
            }
            it => out.push(it),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;

    use super::*;

    #[test]
    fn ambiguous_strings_are_quoted() {
        let words = [
            "2026-01-01",
            "1_000",
            "yes",
            "22:22",
            "0o17",
            "~",
            "null",
            "a b",
            "",
            "/srv/data",
            "./config",
            "immich-server",
            "say \"hi\"\n",
            "0x1F",
            "1e3",
            ".5",
            "ON",
            "#x",
            "{{x}}",
        ];
        insta::assert_snapshot!(render(&words, "", Spacing::Dense), @r##"
        - "2026-01-01"
        - "1_000"
        - "yes"
        - "22:22"
        - "0o17"
        - "~"
        - "null"
        - "a b"
        - ""
        - /srv/data
        - ./config
        - immich-server
        - "say \"hi\"\n"
        - "0x1F"
        - "1e3"
        - ".5"
        - "ON"
        - "#x"
        - "{{x}}"
        "##);
    }

    #[test]
    fn blocks_nest_and_sections_stand_apart() {
        let list = IndexMap::from([("type", "bind"), ("target", "/x")]);
        let service = IndexMap::from([("volumes", vec![list.clone(), list])]);
        let data = IndexMap::from([(
            "services",
            IndexMap::from([("a", service.clone()), ("b", service)]),
        )]);
        insta::assert_snapshot!(render(&data, "Generated.\n\nDo not edit.", Spacing::Sections), @r"
        # Generated.
        #
        # Do not edit.

        services:
          a:
            volumes:
              - type: bind
                target: /x
              - type: bind
                target: /x

          b:
            volumes:
              - type: bind
                target: /x
              - type: bind
                target: /x
        ");
    }
}
