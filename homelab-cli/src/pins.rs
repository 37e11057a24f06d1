//! The pins as they stand in the source text of `images.rs`: read, and edited in place.

mod tokens;

use std::ops::Range;

use self::tokens::{Kind, Token};
use crate::registry::Name;

/// One constant of type `Image`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pin {
    pub(crate) constant: String,
    pub(crate) repository: String,
    pub(crate) tag: String,
    pub(crate) digest: String,
    tag_at: Range<usize>,
    digest_at: Range<usize>,
}

/// The text and the pins in it.
#[derive(Debug)]
pub(crate) struct Pins {
    text: String,
    pub(crate) all: Vec<Pin>,
}

/// Where a pin is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) constant: String,
    pub(crate) tag: String,
    pub(crate) digest: String,
}

impl Pins {
    /// The pins of this text, or what is wrong with it, one sentence each.
    ///
    /// `known` are the repositories that the house runs: each must be found.
    pub(crate) fn parse<'a>(
        text: String,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Vec<String>> {
        let tokens = tokens::of(&text);
        let (mut all, mut faults) = (Vec::new(), Vec::new());
        for (constant, value) in constants(&text, &tokens, "Image") {
            match pin(&text, constant, value) {
                Some(pin) => all.push(pin),
                None => faults.push(format!(
                    "`{constant}` is not written as `Image::pinned(\"repository:tag@digest\")`"
                )),
            }
        }
        for repository in known {
            let name = Name::parse(repository);
            if !all.iter().any(|it| Name::parse(&it.repository) == name) {
                faults.push(format!("there is no pin of `{repository}`, which the house runs"));
            }
        }
        if faults.is_empty() { Ok(Self { text, all }) } else { Err(faults) }
    }

    /// The text with these changes and no other.
    pub(crate) fn with(&self, changes: &[Change]) -> String {
        let mut edits = Vec::new();
        for change in changes {
            let pins = self.all.iter().filter(|it| it.constant == change.constant);
            for pin in pins {
                edits.push((pin.tag_at.clone(), change.tag.as_str()));
                edits.push((pin.digest_at.clone(), change.digest.as_str()));
            }
        }
        // From the end, so that the places before stay where they are.
        edits.sort_by_key(|(at, _)| std::cmp::Reverse(at.start));
        let mut text = self.text.clone();
        for (at, new) in edits {
            text.replace_range(at, new);
        }
        text
    }
}

/// Constants of this type with the tokens of their values.
fn constants<'a>(text: &'a str, tokens: &'a [Token], of: &str) -> Vec<(&'a str, &'a [Token])> {
    let starts = tokens.iter().enumerate().filter(|(_, it)| it.is(text, "const"));
    let found = starts.filter_map(|(at, _)| {
        let rest = &tokens[at + 1..];
        let end = rest.iter().position(|it| it.is(text, ";"))?;
        let (name, rest) = rest[..end].split_first()?;
        let is = rest.iter().position(|it| it.is(text, "="))?;
        let kind = rest[..is].iter().map(|it| it.text(text)).collect::<String>();
        (kind == format!(":{of}")).then(|| (name.text(text), &rest[is + 1..]))
    });
    found.collect()
}

fn pin(text: &str, constant: &str, value: &[Token]) -> Option<Pin> {
    let words = |tokens: &[Token]| tokens.iter().map(|it| it.text(text)).collect::<String>();
    let reference = value.iter().find(|it| it.kind == Kind::Literal)?;
    let (call, rest) = value.split_at(value.iter().position(|it| it == reference)?);
    let is_pinned = words(call) == "Image::pinned(" && [")", ",)"].contains(&&*words(&rest[1..]));
    let at = reference.literal().filter(|_| is_pinned)?;
    let name_end = at.start + text[at.clone()].find('@')?;
    // After the last slash: a colon before it belongs to the registry's port.
    let path = text[at.start..name_end].rfind('/').map_or(at.start, |it| at.start + it);
    let colon = path + text[path..name_end].find(':')?;
    let (tag_at, digest_at) = (colon + 1..name_end, name_end + 1..at.end);
    Some(Pin {
        constant: constant.to_owned(),
        repository: text[at.start..colon].to_owned(),
        tag: text[tag_at.clone()].to_owned(),
        digest: text[digest_at.clone()].to_owned(),
        tag_at,
        digest_at,
    })
}

impl Token {
    fn is(&self, text: &str, word: &str) -> bool {
        self.kind != Kind::Literal && self.text(text) == word
    }

    /// The place of what stands between the quotes.
    fn literal(&self) -> Option<Range<usize>> {
        (self.kind == Kind::Literal).then(|| self.at.clone())
    }
}

#[cfg(test)]
mod tests;
