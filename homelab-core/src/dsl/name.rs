//! The name of a service, and the rule that every name in a stack keeps.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Returns the part of the naming rule that a name breaks, as a lowercase fragment; `None` when it
/// is fine.
///
/// The rule is DNS-1035, which Docker, Swarm and Kubernetes all accept: at most
/// 63 of `a-z`, `0-9` and `-`, beginning with a letter, not ending with `-`.
pub(crate) const fn fault(name: &str) -> Option<&'static str> {
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        return Some("a name is not empty");
    }
    if bytes.len() > 63 {
        return Some("a name has at most 63 characters");
    }
    if !bytes[0].is_ascii_lowercase() {
        return Some("a name begins with a lowercase letter");
    }
    if bytes[bytes.len() - 1] == b'-' {
        return Some("a name does not end with `-`");
    }
    let mut at = 0;
    while at < bytes.len() {
        if !(bytes[at].is_ascii_lowercase() || bytes[at].is_ascii_digit() || bytes[at] == b'-') {
            return Some("a name consists of `a-z`, `0-9` and `-`");
        }
        at += 1;
    }
    None
}

/// Panics, in a `const` at compile time, when `name` breaks the rule of [`fault`].
#[track_caller]
pub(crate) const fn assert_valid(name: &str) {
    let Some(rule) = fault(name) else { return };
    // A panic of a `const` takes one text, as it is.
    let (bytes, length) = joined(&["`", name, "` is not a valid name: ", rule]);
    match std::str::from_utf8(bytes.split_at(length).0) {
        Ok(message) => panic!("{}", message),
        Err(_) => panic!("{}", rule),
    }
}

/// Joins texts, as far as there is room.
const fn joined(texts: &[&str]) -> ([u8; 256], usize) {
    let (mut all, mut length, mut text) = ([0; 256], 0, 0);
    while text < texts.len() {
        let (bytes, mut at) = (texts[text].as_bytes(), 0);
        while at < bytes.len() && length < all.len() {
            all[length] = bytes[at];
            (at, length) = (at + 1, length + 1);
        }
        text += 1;
    }
    (all, length)
}

/// Whether a text can be the name of a project of Compose: `a-z`, `0-9`, `-` and `_`, and the first
/// of them no sign.
pub(crate) const fn is_project(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let is_sign = matches!(bytes[at], b'-' | b'_');
        if !(bytes[at].is_ascii_lowercase() || bytes[at].is_ascii_digit() || is_sign && at > 0) {
            return false;
        }
        at += 1;
    }
    at > 0
}

/// Whether a text can be the name of a file in a folder: it has letters, digits, `_`, `-` and `.`,
/// and begins with a letter, a digit or `_`.
pub(crate) fn is_file_name(name: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.".contains(letter);
    !name.starts_with(['-', '.']) && !name.is_empty() && name.chars().all(is_plain)
}

/// The name of a service: its key in `compose.yaml` and its host name for its peers.
///
/// There are two ways to make one: [`ServiceName::new`] takes a literal and panics on a bad one (in
/// a `const`: does not compile); [`ServiceName::parse`] takes data and returns an error.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceName(&'static str);

impl ServiceName {
    /// Checks a literal; use it in a module-level `const`.
    #[track_caller]
    pub const fn new(name: &'static str) -> Self {
        assert_valid(name);
        Self(name)
    }

    /// Checks a name that comes from data.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] with the name and the rule that it breaks.
    pub fn parse(name: &'static str) -> Result<Self, InvalidName> {
        match fault(name) {
            None => Ok(Self(name)),
            Some(rule) => Err(InvalidName { name: name.to_owned(), rule: rule.to_owned() }),
        }
    }

    /// Returns the name as text.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceName({})", self.0)
    }
}

/// A name that breaks the naming rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvalidName {
    /// What was given.
    pub name: String,
    /// The rule it breaks.
    pub rule: String,
}

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not a valid name: {}", self.name, self.rule)
    }
}

impl std::error::Error for InvalidName {}

/// Makes a text live as long as the program, as the literals of a definition do. Only the texts of
/// declarations pass here, and the tags of built images: there are few of them, and their size is
/// limited.
pub(crate) fn forever(text: String) -> &'static str {
    text.leak()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_dns_1035() {
        for good in ["a", "immich-server", "x2", "a1-b2"] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in ["", "1a", "-a", "a-", "A", "a_b", "a.b", "ä"] {
            assert!(fault(bad).is_some(), "{bad}");
        }
        assert!(fault(&"a".repeat(64)).is_some());
    }

    #[test]
    fn parse_says_what_was_given_and_expected() {
        let error = ServiceName::parse("Photos").expect_err("has a capital letter");
        insta::assert_snapshot!(error, @"`Photos` is not a valid name: a name begins with a lowercase letter");
    }
}
