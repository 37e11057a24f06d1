//! Rust as text: items, elements of lists and statements that are found by what they say.

use std::ops::Range;

/// Whether the code, comments aside, has this word or this path, such as `env::TZ`.
pub(crate) fn mentions(text: &str, path: &str) -> bool {
    let is_part = |it: char| it.is_alphanumeric() || it == '_';
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).any(|line| {
        line.match_indices(path).any(|(at, _)| {
            let (before, after) = (&line[..at], &line[at + path.len()..]);
            !before.ends_with(is_part) && !after.starts_with(is_part)
        })
    })
}

/// The constant of this name, with the comments in front of it.
pub(crate) fn constant(text: &str, name: &str) -> Option<Range<usize>> {
    let mut lines = text.match_indices("const ");
    let word = lines.find(|(at, word)| {
        text[at + word.len()..].strip_prefix(name).is_some_and(|it| it.starts_with(':'))
    });
    let line = text[..word?.0].rfind('\n').map_or(0, |it| it + 1);
    let mut start = line;
    while let Some(before) = text[..start].strip_suffix('\n') {
        let comment = before.rfind('\n').map_or(0, |it| it + 1);
        if !before[comment..].starts_with("///") {
            break;
        }
        start = comment;
    }
    let end = pieces(text, line..text.len(), ';').into_iter().next()?.end;
    Some(start..end)
}

/// Names of the constants of a file that are no lists.
pub(crate) fn constants(text: &str) -> Vec<&str> {
    let lines = text.lines().filter_map(|it| it.split_once("const ")?.1.split_once(':'));
    lines.filter(|it| !it.1.trim_start().starts_with("&[")).map(|it| it.0).collect()
}

/// The text without every element of a list (in brackets, or of a `use`) for which this is true.
pub(crate) fn without_elements(text: &str, goes: impl Fn(&str) -> bool) -> String {
    let lists = groups(text).into_iter().filter(|it| {
        let before = text[..it.start - 1].trim_end();
        text[it.start - 1..].starts_with('[') || before.ends_with("::")
    });
    without(text, lists.flat_map(|it| pieces(text, it, ',')), goes)
}

/// The text without every statement for which this is true.
pub(crate) fn without_statements(text: &str, goes: impl Fn(&str) -> bool) -> String {
    let blocks = groups(text).into_iter().filter(|it| text[it.start - 1..].starts_with('{'));
    let statements = blocks.flat_map(|it| pieces(text, it, ';'));
    without(text, statements.filter(|it| text[it.clone()].ends_with(';')), goes)
}

/// The text without these pieces; of two, one within the other, the outer one is meant.
fn without(
    text: &str,
    pieces: impl Iterator<Item = Range<usize>>,
    goes: impl Fn(&str) -> bool,
) -> String {
    let mut going: Vec<_> = pieces.filter(|it| goes(&text[it.clone()])).collect();
    going.sort_by_key(|it| (it.start, std::cmp::Reverse(it.end)));
    let (mut out, mut end) = (String::new(), 0);
    for piece in going {
        if piece.start >= end {
            out += &text[end..piece.start];
            end = piece.end;
        }
    }
    out + &text[end..]
}

/// What stands between brackets, whichever they are.
fn groups(text: &str) -> Vec<Range<usize>> {
    let (mut open, mut found) = (Vec::new(), Vec::new());
    for (at, mark) in marks(text, 0..text.len()) {
        match mark {
            '(' | '[' | '{' => open.push(at + 1),
            ')' | ']' | '}' => found.extend(open.pop().map(|start| start..at)),
            _ => {}
        }
    }
    found
}

/// The pieces of a range that end with this mark, which belongs to them; the last one may lack it.
fn pieces(text: &str, range: Range<usize>, end: char) -> Vec<Range<usize>> {
    let (mut start, mut depth, mut found) = (range.start, 0, Vec::new());
    for (at, mark) in marks(text, range.clone()) {
        match mark {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ if mark == end && depth == 0 => {
                found.push(start..at + 1);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.extend((!text[start..range.end].trim().is_empty()).then_some(start..range.end));
    found
}

/// Every character that is in no comment and no literal, with its place.
fn marks(text: &str, range: Range<usize>) -> Vec<(usize, char)> {
    let (mut at, mut found) = (range.start, Vec::new());
    while let Some(mark) = text[at..range.end].chars().next() {
        let rest = &text[at..range.end];
        let length = match mark {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            'r' if rest.starts_with("r\"") => rest[2..].find('"').map_or(rest.len(), |it| it + 3),
            '"' => literal(rest),
            '\'' if rest.chars().nth(2) == Some('\'') => {
                rest.chars().take(3).map(char::len_utf8).sum()
            }
            _ => {
                found.push((at, mark));
                mark.len_utf8()
            }
        };
        at += length;
    }
    found
}

/// The length of the string that the text begins with.
fn literal(text: &str) -> usize {
    let mut is_escaped = true;
    for (at, mark) in text.char_indices() {
        match mark {
            '"' if !is_escaped => return at + 1,
            '\\' => is_escaped = !is_escaped,
            _ => is_escaped = false,
        }
    }
    text.len()
}

#[test]
fn what_is_found_by_what_it_says_goes_whole() {
    let text = "/// A.\nconst A: &[B] = &[B, C.d(), (E, \"],;\"), F::g(&[G, H])];\n\n/// Of C.\n/// Twice.\npub(crate) const C: X = x(\n    \"}\",\n);\nfn f() {\n    let a = g(C);\n    // Of E.\n    h(E);\n}\n";
    let element = |name: &'static str| without_elements(text, move |it| mentions(it, name));
    assert!(element("C").contains("&[B, (E, \"],;\"), F::g(&[G, H])];"), "{}", element("C"));
    assert!(element("E").contains("&[B, C.d(), F::g(&[G, H])];"), "{}", element("E"));
    assert!(element("G").contains("&[B, C.d(), (E, \"],;\"),];"), "{}", element("G"));
    assert!(without_statements(text, |it| mentions(it, "E")).contains("let a = g(C);\n}"));
    let found = constant(text, "C").expect("it is there");
    assert_eq!(&text[found], "/// Of C.\n/// Twice.\npub(crate) const C: X = x(\n    \"}\",\n);");
    assert_eq!(constants(text), ["C"]);
    assert!(!mentions("AC::C // C::A", "C::A") && mentions("C::A", "C::A"));
}
