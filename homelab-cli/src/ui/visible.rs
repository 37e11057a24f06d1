//! Text from outside as it may reach a terminal or a log of GitHub Actions: what would move the cursor,
//! hide or turn around what is read, or command the runner is written out instead.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Characters that are not seen and change what is: controls, zero widths, directions, tags.
fn is_hidden(it: char) -> bool {
    it.is_control()
        || matches!(
            it,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
        )
}

/// Where the runner of GitHub Actions reads a command: a line that begins with `::`, whatever blanks
/// stand before it, and `##[` anywhere (`src/Runner.Common/ActionCommand.cs` of actions/runner).
fn commands(line: &str) -> impl Iterator<Item = usize> {
    let blanks = line.len() - line.trim_start().len();
    let first = line[blanks..].starts_with("::").then_some(blanks);
    first.into_iter().chain(line.match_indices("##[").map(|it| it.0))
}

/// Several lines of text. Also lines that reach a log only by way of `ssh`: so wherever this runs.
/// A carriage return at the end of a line, as `ssh` writes it, is part of the line break.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    let is_plain = |line: &str| {
        !line.contains(|it| is_hidden(it) && it != '\t') && commands(line).next().is_none()
    };
    if text.split('\n').all(is_plain) {
        return text.into();
    }
    let lines = text.split('\n').map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let commands: Vec<_> = commands(line).collect();
        let mut out = String::with_capacity(line.len() + 8);
        for (at, it) in line.char_indices() {
            match it {
                '\t' => out.push(it),
                _ if it.is_ascii() && (is_hidden(it) || commands.contains(&at)) => {
                    let _ = write!(out, "\\x{:02x}", u32::from(it));
                }
                _ if is_hidden(it) => out.extend(it.escape_unicode()),
                _ => out.push(it),
            }
        }
        out
    });
    lines.collect::<Vec<_>>().join("\n").into()
}

/// A JSON document: the same values, by JSON's own escapes. Line breaks are only those between values.
pub(crate) fn visible_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let commands: Vec<_> = text.match_indices("##[").map(|it| it.0).collect();
    for (at, it) in text.char_indices() {
        if it != '\n' && is_hidden(it) || commands.binary_search(&at).is_ok() {
            for unit in it.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(it);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_written_out() {
        for (text, expected) in [
            ("plain, with ünïcode\tand\nlines", "plain, with ünïcode\tand\nlines"),
            ("\x1b]0;x\x07", "\\x1b]0;x\\x07"),
            ("\x1b[8mhidden\x1b[2K\rx", "\\x1b[8mhidden\\x1b[2K\\x0dx"),
            ("Connection closed.\r\nb\r\r\nc\r", "Connection closed.\nb\\x0d\nc"),
            ("\u{9b}2J\x7f\0", "\\u{9b}2J\\x7f\\x00"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("a\u{200b}b\u{feff}c\u{2066}d", "a\\u{200b}b\\u{feff}c\\u{2066}d"),
            ("a\u{2028}b\u{e0041}", "a\\u{2028}b\\u{e0041}"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }

    #[test]
    fn no_line_commands_the_runner() {
        for (text, expected) in [
            ("::error::x", "\\x3a:error::x"),
            ("a\n \t ::add-mask::x\nb", "a\n \t \\x3a:add-mask::x\nb"),
            ("\u{3000}::debug::x", "\u{3000}\\x3a:debug::x"),
            ("std::fs, a ::b", "std::fs, a ::b"),
            ("##[error]x", "\\x23#[error]x"),
            ("log: ###[group]x ##[a]", "log: #\\x23#[group]x \\x23#[a]"),
            ("# ## [x]", "# ## [x]"),
        ] {
            assert_eq!(visible(text), expected);
        }
        // Zero widths before it, which the runner's comparison leaves out.
        assert!(visible("\u{200b}::error::x").starts_with('\\'));
    }

    #[test]
    fn json_keeps_its_values() {
        let value = serde_json::json!({ "a\u{202e}": ["\x1b]0;x\x07", "\u{9b}", "##[error]", "\u{e0041}"] });
        let text = visible_json(&serde_json::to_string_pretty(&value).expect("it is JSON"));
        assert!(text.is_ascii() && !text.contains("##["), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).expect("it is JSON"), value);
    }
}
