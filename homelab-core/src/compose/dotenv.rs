//! Reads `.env` files in Compose's dialect, and keeps the line of every variable and fault.
//!
//! Follows the parser of `compose-go/dotenv`: comments, `export`, `NAME=value` and `NAME: value`,
//! single quotes (literal), double quotes (escapes and `${NAME}`), plain values (`${NAME}`, a
//! comment after ` #`). It is stricter in one thing: a line with a name alone, and a `${NAME}` that
//! no line above sets, are faults. Compose would take both from its environment.

use std::fmt;

use indexmap::IndexMap;

use crate::compose::interpolate;
use crate::compose::limits;

/// What a `.env` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dotenv {
    /// Variables by name, in the order of the file; when one is set twice, the last line counts.
    pub entries: IndexMap<String, Entry>,
    /// Lines that could not be read.
    pub faults: Vec<Fault>,
    /// Variables that were set more than once.
    pub repeated: Vec<Repeated>,
}

/// A variable's value and where it is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Line of its name, from 1.
    pub line: usize,
    /// The value, with quotes removed and variables replaced.
    pub value: String,
}

/// A line that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Fault {
    /// Writes `.env:7: message`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, ".env:{}: {}", self.line, self.message)
    }
}

/// A variable that was set more than once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repeated {
    /// Its name.
    pub name: String,
    /// The line that no longer counts.
    pub earlier: usize,
    /// The line that replaces it.
    pub line: usize,
}

impl Dotenv {
    /// Returns the value of a variable; `None` when it is not set or empty.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.entries.get(name).map(|it| it.value.as_str()).filter(|it| !it.is_empty())
    }
}

/// Reads a whole file; a line that cannot be read never hides another one.
///
/// A file that is too long is one fault, and so are values that together become too long.
pub fn parse(text: &str) -> Dotenv {
    if let Err(error) = limits::at_most(limits::DOTENV, text.len(), "bytes of text") {
        let fault = Fault { line: 1, message: error.to_string() };
        return Dotenv { faults: vec![fault], ..Dotenv::default() };
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines: Vec<_> = text.lines().collect();
    let mut found = Dotenv::default();
    let (mut at, mut size) = (0, 0);
    while at < lines.len() {
        let mut used = 1;
        match statement(&lines[at..], &found.entries, &mut used) {
            Ok(None) => {}
            Ok(Some((name, value))) => {
                size += value.len();
                if let Err(error) = limits::at_most(limits::TEXT, size, "bytes of values") {
                    found.faults.push(Fault { line: at + 1, message: error.to_string() });
                    return found;
                }
                let entry = Entry { line: at + 1, value };
                if let Some(old) = found.entries.insert(name.to_owned(), entry) {
                    let (earlier, line) = (old.line, at + 1);
                    found.repeated.push(Repeated { name: name.to_owned(), earlier, line });
                }
            }
            Err(message) => found.faults.push(Fault { line: at + 1, message }),
        }
        at += used;
    }
    found
}

/// Writes a value so that it can be read back: plain where possible, else quoted.
pub fn quote(value: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "/._-,:@+=%".contains(it);
    if value.chars().all(plain) {
        value.to_owned()
    } else if value.contains(['\'', '\\', '\n', '\r']) {
        let mut out = String::from('"');
        for it in value.chars() {
            match it {
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '"' | '\\' | '$' => out.extend(['\\', it]),
                _ => out.push(it),
            }
        }
        out.push('"');
        out
    } else {
        format!("'{value}'")
    }
}

/// Reads the statement that begins on the first of `lines`; sets `used` to the number of its lines.
fn statement<'a>(
    lines: &[&'a str],
    known: &IndexMap<String, Entry>,
    used: &mut usize,
) -> Result<Option<(&'a str, String)>, String> {
    let line = lines[0].trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = match line.strip_prefix("export") {
        Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim_start(),
        _ => line,
    };
    let Some(separator) = line.find(['=', ':']) else {
        return Err(format!("expected `NAME=value`, found `{line}`"));
    };
    let name = line[..separator].trim_end();
    let odd = |it: char| !(it.is_ascii_alphanumeric() || "_.-".contains(it));
    if name.is_empty() || name.contains(odd) {
        return Err(format!("expected a name of letters, digits and `_`, found `{name}`"));
    }
    let value = line[separator + 1..].trim_start();
    let value = match value.chars().next() {
        Some(mark @ ('"' | '\'')) => {
            let raw = quoted(&value[1..], mark, &lines[1..], used)?;
            if mark == '"' { expand(&unescape(&raw), known)? } else { raw.replace("\\'", "'") }
        }
        _ => expand(value.split(" #").next().unwrap_or_default().trim_end(), known)?,
    };
    Ok(Some((name, value)))
}

/// Returns the text up to the closing quote, which may stand on a later line.
fn quoted(first: &str, mark: char, more: &[&str], used: &mut usize) -> Result<String, String> {
    let mut text = String::new();
    for (at, line) in std::iter::once(&first).chain(more).enumerate() {
        if let Some(end) = closing(line, mark) {
            let rest = line[end + 1..].trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                return Err(format!("unexpected `{rest}` after the closing quote"));
            }
            text.push_str(&line[..end]);
            *used = at + 1;
            return Ok(text);
        }
        text.push_str(line);
        text.push('\n');
    }
    Err(format!("the quote `{mark}` is not closed"))
}

/// Finds the closing quote within one line; a backslash at the end of the line escapes the line
/// break.
fn closing(line: &str, mark: char) -> Option<usize> {
    let mut escaped = false;
    for (at, it) in line.char_indices() {
        if it == mark && !escaped {
            return Some(at);
        }
        escaped = it == '\\' && !escaped;
    }
    None
}

/// Resolves the escapes of a double-quoted value; `\$` becomes `$$`, which interpolation reads as
/// `$`.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw.chars();
    while let Some(it) = rest.next() {
        if it != '\\' {
            out.push(it);
            continue;
        }
        match rest.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('$') => out.push_str("$$"),
            Some(mark @ ('"' | '\\')) => out.push(mark),
            other => out.extend(std::iter::once('\\').chain(other)),
        }
    }
    out
}

/// Replaces variables by values of earlier lines.
fn expand(value: &str, known: &IndexMap<String, Entry>) -> Result<String, String> {
    if let Some(name) = interpolate::variables(value).iter().find(|it| !known.contains_key(*it)) {
        return Err(format!("`{name}` is not set in .env above this line; write its value out"));
    }
    let lookup = |name: &str| known.get(name).map(|it| it.value.clone());
    interpolate::resolve(value, &lookup).map_err(|it| it.to_string())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> String {
        let found = parse(text);
        assert_eq!(found.faults, [], "{text}");
        found.entries.get("A").expect("the text sets `A`").value.clone()
    }

    #[test]
    fn values_are_read_as_compose_reads_them() {
        // Compared with `docker compose config --environment` of Compose 2.40.3.
        for (text, expected) in [
            ("A=b", "b"),
            ("export A=b", "b"),
            ("export\tA=b", "b"),
            ("\u{feff}A=b", "b"),
            (" A = b ", "b"),
            ("A: b", "b"),
            ("A=b\r\nB=c\r\n", "b"),
            ("A=", ""),
            ("A=b # comment", "b"),
            ("A=b#c", "b#c"),
            ("A='b # c' # comment", "b # c"),
            ("A='$b \\n'", "$b \\n"),
            ("A='it\\'s'", "it's"),
            ("A= #x", "#x"),
            ("A=\"a\\x\"", "a\\x"),
            ("A=\"b\\n\\\"c\\\"\"", "b\n\"c\""),
            ("A=\"\\$b\"", "$b"),
            ("A='b\nc'", "b\nc"),
            ("B=x\nA=${B}/y", "x/y"),
            ("B=\nA=${B:-d}", "d"),
            ("A=$$b", "$b"),
            ("A=b\nA=c", "c"),
            ("A=30 2 * * *", "30 2 * * *"),
        ] {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn every_fault_has_its_line_and_hides_no_other() {
        let found = parse(
            "# house\nTZ=UTC\nDATA ROOT=/x\noops\nA='open\nB=\"x\"y\nC=${\nD=$HOME/x\nTZ=Z\n",
        );
        let faults: Vec<_> = found.faults.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(faults.join("\n"), @r"
    .env:3: expected a name of letters, digits and `_`, found `DATA ROOT`
    .env:4: expected `NAME=value`, found `oops`
    .env:5: the quote `'` is not closed
    .env:6: unexpected `y` after the closing quote
    .env:7: invalid interpolation in `${`
    .env:8: `HOME` is not set in .env above this line; write its value out
    ");
        assert_eq!(found.value("TZ"), Some("Z"));
        assert_eq!(found.repeated, [Repeated { name: "TZ".to_owned(), earlier: 2, line: 9 }]);
    }

    #[test]
    fn what_is_too_long_is_a_fault() {
        let fault = |text: &str| {
            let found = parse(text);
            found.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let long = format!("A={}\n", "x".repeat(limits::DOTENV));
        insta::assert_snapshot!(fault(&long), @".env:1: it has 65539 bytes of text or more, expected at most 65536");
        // Each line doubles the one before: without a limit the last would have a petabyte.
        let mut laughs = "A0=ha\n".to_owned();
        for it in 1..50 {
            let _ = writeln!(laughs, "A{it}=${{A{0}}}${{A{0}}}", it - 1);
        }
        let first = fault(&laughs);
        insta::assert_snapshot!(first.lines().next().expect("a fault"), @".env:16: it has 65536 bytes of text or more, expected at most 32768");
        // A long value in many lines.
        let many = format!("A={}\n{}", "x".repeat(1 << 14), "B=$A\n".repeat(100));
        insta::assert_snapshot!(fault(&many), @".env:65: it has 1064960 bytes of values or more, expected at most 1048576");
    }

    #[test]
    fn a_quote_that_is_never_closed_takes_no_time_by_the_square_of_the_lines() {
        let text = format!("A='{}", "\n".repeat(limits::DOTENV - 3));
        assert_eq!(parse(&text).faults.len(), 1);
    }

    proptest! {
        #[test]
        fn what_is_quoted_is_read_back(it in "[ -~\n\r\t]{0,20}") {
            prop_assert_eq!(value(&format!("A={}", quote(&it))), it);
        }

        #[test]
        fn no_text_panics(it in "(?s).{0,60}") {
            parse(&it);
        }
    }
}
