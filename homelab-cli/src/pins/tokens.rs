//! Rust's text as words, literals and signs: as much of the language as a list of pins needs.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// Its place is without the quotes.
    Literal,
    Sign,
}

/// A place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) at: Range<usize>,
}

impl Token {
    pub(super) fn text<'a>(&self, text: &'a str) -> &'a str {
        &text[self.at.clone()]
    }
}

/// All tokens; comments and space are none.
///
/// Raw and byte strings are not known: no pin is written so, and one that is gets reported.
pub(super) fn of(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let rest = &text[at..];
        let (length, kind) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (rest.find("*/").map_or(rest.len(), |it| it + 2), None)
        } else if next == '"' {
            let inside = literal(&rest[1..]);
            tokens.push(Token { kind: Kind::Literal, at: at + 1..at + 1 + inside });
            ((inside + 2).min(rest.len()), None)
        } else if is_word(next) {
            (rest.find(|it| !is_word(it)).unwrap_or(rest.len()), Some(Kind::Word))
        } else {
            (next.len_utf8(), (!next.is_whitespace()).then_some(Kind::Sign))
        };
        if let Some(kind) = kind {
            tokens.push(Token { kind, at: at..at + length });
        }
        at += length;
    }
    tokens
}

/// How much of this stands before the closing quote.
fn literal(text: &str) -> usize {
    let mut escaped = false;
    let end = text.find(|character| {
        let ends = character == '"' && !escaped;
        escaped = character == '\\' && !escaped;
        ends
    });
    end.unwrap_or(text.len())
}

fn is_word(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_not_code() {
        let text = "/// const A: \"no\" = 1;\nconst /* \"x\" */ B: &str = \"// yes \\\" /* \"; é";
        let words: Vec<_> = of(text).iter().map(|it| it.text(text).to_owned()).collect();
        let expected = ["const", "B", ":", "&", "str", "=", "// yes \\\" /* ", ";", "é"];
        assert_eq!(words, expected);
    }

    #[test]
    fn what_never_ends_ends_with_the_text() {
        for text in ["\"", "\"abc", "/* x", "// x", "\"a\\"] {
            assert!(of(text).len() <= 1, "{text}");
        }
    }
}
