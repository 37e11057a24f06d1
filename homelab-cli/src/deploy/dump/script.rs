//! A dump as a script for `psql`: all of it or nothing, and nothing but SQL.
//!
//! `psql` takes the end of its input for the end of the data, and runs commands of its own that begin with a
//! backslash, such as `\! rm`, wherever it is not within quotes or rows. So the transaction is committed by the
//! script's last line, which is written only when the dump was read to its end, and a dump with such a command is
//! refused. A `psql` that knows the guard `\restrict` (13.22, 14.19, 15.14, 16.10, 17.6 and newer) gets one
//! with a word of ours around it, too; the dump's own pair is left out, because an older one does not know it.

use std::io::{self, BufRead, Write};

/// What the last lines of a whole dump say; `pg_dump` itself writes it.
pub(super) const END: &str = "-- PostgreSQL database dump complete";

/// What a dump sets, and what it has to be instead: functions of indexes have to be found in `public`,
/// as Immich's own manual says.
const SEARCH_PATH: &[u8] = b"SELECT pg_catalog.set_config('search_path', '', false);";
const FOUND_PATH: &[u8] =
    b"SELECT pg_catalog.set_config('search_path', 'public, pg_catalog', true);";

/// Writes the script. `guard` is a word that the dump cannot know; `last` is a statement that is done with it.
///
/// Fails when the dump cannot be read, is not whole or is refused, and then has not written the commit.
pub(super) fn write(
    mut dump: impl BufRead,
    guard: Option<&str>,
    last: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut scanner = Scanner::default();
    let (mut number, mut line, mut is_whole) = (0, Vec::new(), false);
    out.write_all(b"BEGIN;\n")?;
    if let Some(word) = guard {
        writeln!(out, "\\restrict {word}")?;
    }
    loop {
        line.clear();
        if dump.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        number += 1;
        let text = line.strip_suffix(b"\n").unwrap_or(&line);
        let is_between = scanner.is_between();
        if is_between && is_own_guard(text) {
            continue;
        }
        // Nothing but comments follow its end.
        is_whole &= text.is_empty() || text.starts_with(b"--");
        is_whole |= is_between && text == END.as_bytes();
        scanner.read(text).map_err(|what| refused(number, what))?;
        let text = if is_between && text == SEARCH_PATH { FOUND_PATH } else { text };
        out.write_all(text)?;
        out.write_all(b"\n")?;
    }
    if !is_whole || !scanner.is_between() {
        let what = format!("it is not whole: its last lines do not say `{END}`");
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
    }
    if let Some(word) = guard {
        writeln!(out, "\\unrestrict {word}")?;
    }
    writeln!(out, "{last};\nCOMMIT;")
}

fn refused(line: usize, what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("line {line} has {what}"))
}

/// `\restrict WORD` and `\unrestrict WORD`, as `pg_dump` writes them.
fn is_own_guard(line: &[u8]) -> bool {
    let word = line.strip_prefix(b"\\restrict ").or_else(|| line.strip_prefix(b"\\unrestrict "));
    word.is_some_and(|it| !it.is_empty() && it.iter().all(u8::is_ascii_alphanumeric))
}

/// Where in a script one is, as `psql` sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Within {
    /// Outside of everything that hides a backslash.
    #[default]
    Code,
    /// `'…'`; of `E'…'` backslashes are escapes.
    Text { escapes: bool },
    /// `"…"`.
    Name,
    /// `$tag$…$tag$`, with both dollars.
    Dollars(Vec<u8>),
    /// `/*…*/`, which nest.
    Comment(usize),
    /// Rows after `COPY … FROM stdin;`, up to `\.`.
    Rows,
}

#[derive(Clone, Debug, Default)]
struct Scanner {
    within: Within,
    /// Open `(`: in them `;` ends no statement.
    open: usize,
    /// Code of the statement that has begun, without what is in quotes and comments.
    code: Vec<u8>,
}

impl Scanner {
    /// Whether no statement has begun.
    fn is_between(&self) -> bool {
        self.within == Within::Code && self.open == 0 && self.code.is_empty()
    }

    /// Reads a line; says what must not be in a dump.
    fn read(&mut self, line: &[u8]) -> Result<(), &'static str> {
        if line.contains(&0) {
            return Err("a null byte, where `psql` stops to read");
        }
        if self.within == Within::Rows {
            if line == b"\\." || line == b"\\.\r" {
                self.within = Within::Code;
            }
            return Ok(());
        }
        let begins = self.is_between();
        let mut copies = false;
        let mut at = 0;
        while at < line.len() {
            let used = match &self.within {
                Within::Code => {
                    if line[at..].starts_with(b"--") {
                        // A carriage return ends it, too.
                        let Some(end) = line[at..].iter().position(|it| *it == b'\r') else {
                            break;
                        };
                        at += end;
                        continue;
                    }
                    if line[at] == b';' && self.open == 0 {
                        copies = begins && is_copy(&self.code) && at + 1 == line.len();
                        self.code.clear();
                        1
                    } else {
                        self.code(&line[at..])?
                    }
                }
                Within::Text { .. }
                | Within::Name
                | Within::Dollars(_)
                | Within::Comment(_)
                | Within::Rows => self.quoted(&line[at..])?,
            };
            at += used;
        }
        if self.within == Within::Code && !self.code.is_empty() {
            self.code.push(b' ');
        }
        if copies {
            self.within = Within::Rows;
        }
        Ok(())
    }

    /// Reads what begins here outside of quotes; how many bytes it was.
    fn code(&mut self, rest: &[u8]) -> Result<usize, &'static str> {
        let (within, used) = match rest[0] {
            b'\\' => return Err("a command for `psql`, which no dump has"),
            b'\'' => {
                let escapes = match self.code.as_slice() {
                    [before @ .., b'E' | b'e'] => !before.last().copied().is_some_and(is_word),
                    _ => false,
                };
                (Within::Text { escapes }, 1)
            }
            b'"' => (Within::Name, 1),
            b'/' if rest.starts_with(b"/*") => (Within::Comment(1), 2),
            b'$' if tag(rest).is_some() => {
                if self.code.last().copied().is_some_and(is_word) {
                    return Err("a dollar sign within a word, which is not understood here");
                }
                let tag = tag(rest).unwrap_or_default();
                (Within::Dollars(tag.to_vec()), tag.len())
            }
            other => {
                match other {
                    b'(' => self.open += 1,
                    b')' => self.open = self.open.saturating_sub(1),
                    _ => {}
                }
                if !other.is_ascii_whitespace() || !self.code.is_empty() {
                    self.code.push(other);
                }
                // `;` within its body ends no statement for `psql`, which has to be believed elsewhere.
                if self.code.len() >= 6 && self.code.to_ascii_lowercase().ends_with(b"atomic") {
                    return Err("the word `atomic`, which is not understood here");
                }
                return Ok(1);
            }
        };
        if within != Within::Code {
            // So that a statement has begun, and a quote ends a word.
            self.code.push(if matches!(within, Within::Comment(_)) { b' ' } else { rest[0] });
        }
        self.within = within;
        Ok(used)
    }

    /// Reads what begins here within quotes or a comment; how many bytes it was.
    fn quoted(&mut self, rest: &[u8]) -> Result<usize, &'static str> {
        let (ends, used) = match &mut self.within {
            Within::Text { escapes: true } if rest[0] == b'\\' => (false, 2.min(rest.len())),
            // Where it ends depends on a setting, which the dump could change.
            Within::Text { escapes: false } if rest.starts_with(b"\\\\") => (false, 2),
            Within::Text { escapes: false } if rest.starts_with(b"\\'") => {
                return Err("a backslash before a quote, which is not understood here");
            }
            Within::Text { .. } => (rest[0] == b'\'', 1),
            Within::Name => (rest[0] == b'"', 1),
            Within::Dollars(tag) if rest.starts_with(tag) => (true, tag.len()),
            Within::Comment(depth) if rest.starts_with(b"/*") => {
                *depth += 1;
                (false, 2)
            }
            Within::Comment(depth) if rest.starts_with(b"*/") => {
                *depth -= 1;
                (*depth == 0, 2)
            }
            Within::Dollars(_) | Within::Comment(_) | Within::Code | Within::Rows => (false, 1),
        };
        if ends {
            self.within = Within::Code;
        }
        Ok(used)
    }
}

const fn is_word(it: u8) -> bool {
    it.is_ascii_alphanumeric() || it == b'_' || it == b'$' || it >= 0x80
}

/// `$$` or `$name$` at the beginning.
fn tag(text: &[u8]) -> Option<&[u8]> {
    let end = text[1..].iter().position(|it| !is_word(*it) || *it == b'$')? + 1;
    let is_tag = text[end] == b'$' && !text[1].is_ascii_digit();
    is_tag.then(|| &text[..=end])
}

/// A statement after which rows follow.
fn is_copy(code: &[u8]) -> bool {
    code.starts_with(b"COPY ") && code.ends_with(b" FROM stdin")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn script(dump: &str) -> (String, Result<(), String>) {
        let mut out = Vec::new();
        let whole = format!("{dump}\n--\n{END}\n--\n\n");
        let ended = write(whole.as_bytes(), Some("word"), "SELECT 'last'", &mut out);
        (String::from_utf8_lossy(&out).into_owned(), ended.map_err(|it| it.to_string()))
    }

    #[test]
    fn a_dump_becomes_one_transaction() {
        let (text, ended) = script(
            "\\restrict abc\nSET standard_conforming_strings = on;\nSELECT pg_catalog.set_config('search_path', '', \
             false);\n/* a ' */ CREATE FUNCTION f() AS $_$ it's \\! $1 $_$;\nCOPY public.a (id, \"x y\") FROM \
             stdin;\n1\t\\N\n\\\\! id\n'\t$$\n\\.\n\nCOMMENT ON TABLE a IS 'it''s; -- \\! E';\nSELECT E'\\'\\\\', \
             \"\\\", $1;\n-- \\! in a comment\n\\unrestrict abc",
        );
        assert_eq!(ended, Ok(()));
        insta::assert_snapshot!(text, @r#"
        BEGIN;
        \restrict word
        SET standard_conforming_strings = on;
        SELECT pg_catalog.set_config('search_path', 'public, pg_catalog', true);
        /* a ' */ CREATE FUNCTION f() AS $_$ it's \! $1 $_$;
        COPY public.a (id, "x y") FROM stdin;
        1	\N
        \\! id
        '	$$
        \.

        COMMENT ON TABLE a IS 'it''s; -- \! E';
        SELECT E'\'\\', "\", $1;
        -- \! in a comment
        --
        -- PostgreSQL database dump complete
        --

        \unrestrict word
        SELECT 'last';
        COMMIT;
        "#);
    }

    #[test]
    fn commands_for_psql_are_refused() {
        for dump in [
            "\\! id",
            "SELECT 1 \\! id",
            "SELECT 1; \\! id",
            "\\copy a from program 'id'",
            "\\o |id",
            "\\i /etc/passwd",
            "SELECT 1 \\g |id",
            "SELECT 'a' \\gexec",
            "\\restrict abc def",
            "\\unrestrict a\\! id",
            "\\.",
            "SELECT 'a\nb' \\! id",
            "/* /* */ */ \\! id",
            "SELECT $$a$$ \\! id",
            "SELECT $a$ $$ $a$ \\! id",
            "SELECT a$b$ \\! id -- $b$",
            "SELECT 1$a$ ' $a$ \\! id '",
            "SELECT E'\\'' \\! id",
            "SELECT \"a\"\"\" \\! id",
            // Not the rows of a `COPY`.
            "-- COPY a FROM stdin;\n\\! id",
            "SELECT '\nCOPY a FROM stdin;\n' \\! id",
            "COPY a TO PROGRAM 'id' -- FROM stdin;\n\\! id",
            "COPY (a FROM stdin;\n\\! id\n\\.",
            "COPY a FROM stdin; SELECT 1;\n\\! id",
            "COPY a FROM stdin;\n\\.\n\\! id",
            "COPY a FROM 'x' FROM stdin\n;\\! id",
            "COPY a FROM stdin;\n\\.\r\n\\! id",
            "-- a comment\r\\! id",
            "SELECT '\0';\n\\! id",
            // Where `psql` may see the end of a text elsewhere.
            "SET standard_conforming_strings = off;\nSELECT '\\' ; \\! id --'",
            "CREATE FUNCTION f() BEGIN ATOMIC SELECT 1;\nCOPY a FROM stdin;\n\\! id\n\\.",
        ] {
            let (text, ended) = script(dump);
            let error = ended.expect_err(dump);
            assert!(error.starts_with("line ") && !text.contains("COMMIT"), "{dump}: {error}");
        }
    }

    #[test]
    fn what_is_not_whole_is_not_committed() {
        let end = format!("--\n{END}\n--\n");
        let copy = format!("COPY a FROM stdin;\n1\n{end}");
        let text = format!("SELECT '\n{end}");
        for dump in ["", "SELECT 1;\n", &copy, &text, "COPY a FROM stdin;\n1\n"] {
            let mut out = Vec::new();
            let error = write(dump.as_bytes(), None, "SELECT 1", &mut out).expect_err(dump);
            assert!(error.to_string().contains("not whole"), "{dump}: {error}");
            assert!(!String::from_utf8_lossy(&out).contains("COMMIT"), "{dump}");
        }
    }
}
