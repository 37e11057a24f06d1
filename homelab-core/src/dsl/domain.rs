//! Domains besides that of the house, and where on a host a route begins.

use crate::dsl::variable::{EnvVar, Fallback};

/// A domain, or one whole host name, besides the domain of the house, with an issuer of its own.
///
/// A variable whose default is empty makes it optional: while `.env` does not set it, nothing is
/// served there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Domain {
    pub(crate) name: EnvVar,
    pub(crate) tls: EnvVar,
}

impl Domain {
    /// Makes a domain of two variables: its name, and who issues its certificates.
    pub const fn new(name: EnvVar, tls: EnvVar) -> Self {
        Self { name, tls }
    }

    /// Whether nothing is served there while `.env` does not set it.
    pub(crate) const fn is_optional(&self) -> bool {
        matches!(self.name.fallback(), Fallback::Value(value) if value.is_empty())
    }
}

/// Where a route is served: a label before a domain, or the domain itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Spot {
    pub(crate) label: Option<&'static str>,
    /// `None` means the domain of the house.
    pub(crate) domain: Option<Domain>,
}

/// Longest path below which a route begins; the proxy asks longer ones first.
pub(crate) const BELOW_MAX: usize = 64;

/// Returns what is wrong with a path below which a route begins, as a lowercase fragment.
pub(crate) const fn below_fault(path: &str) -> Option<&'static str> {
    let bytes = path.as_bytes();
    if bytes.len() < 2 || bytes.len() > BELOW_MAX || bytes[0] != b'/' {
        return Some(
            "a path below a host begins with `/`, names something and has at most 64 characters",
        );
    }
    let (mut at, mut part) = (1, 1);
    while at <= bytes.len() {
        if at == bytes.len() || bytes[at] == b'/' {
            let is_dots = at > part
                && bytes[part] == b'.'
                && (at - part == 1 || at - part == 2 && bytes[part + 1] == b'.');
            if at == part || is_dots {
                return Some(
                    "a path below a host has no `//`, `/./` or `/../` and does not end with `/`",
                );
            }
            part = at + 1;
        } else if !(bytes[at].is_ascii_alphanumeric() || matches!(bytes[at], b'-' | b'.' | b'_')) {
            return Some("a path below a host consists of letters, digits, `-`, `.`, `_` and `/`");
        }
        at += 1;
    }
    None
}

/// Returns what is wrong with a path that a route closes, as a lowercase fragment.
pub(crate) const fn pattern_fault(pattern: &str) -> Option<&'static str> {
    let bytes = pattern.as_bytes();
    if bytes.is_empty() || !matches!(bytes[0], b'/' | b'*') {
        return Some("a closed path begins with `/` or `*`");
    }
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] <= b' ' || matches!(bytes[at], b'{' | b'}' | b'"' | b'`' | b'\\' | b'#') {
            return Some("a closed path has no white space, quote, brace, `#` or backslash");
        }
        at += 1;
    }
    None
}

/// Whether a path is one that [`crate::dsl::route::Route::opens`] takes.
pub(crate) const fn is_open_path(path: &[u8]) -> bool {
    let (mut at, mut begins_part) = (1, true);
    while at < path.len() {
        let is_plain = path[at].is_ascii_alphanumeric() || matches!(path[at], b'-' | b'_' | b'~');
        let is_star = path[at] == b'*' && begins_part && at > 1 && at + 1 == path.len();
        let is_further = !begins_part && matches!(path[at], b'.' | b'/');
        if !(is_plain || is_star || is_further) {
            return false;
        }
        begins_part = path[at] == b'/';
        at += 1;
    }
    path.len() > 1 && path[0] == b'/' && !begins_part
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_below_a_host_is_a_plain_one() {
        for fine in ["/api", "/a/b", "/.well-known", "/v_1.2", "/...", "/A-b"] {
            assert_eq!(below_fault(fine), None, "{fine}");
        }
        for bad in
            ["", "/", "api", "/api/", "//api", "/a//b", "/.", "/..", "/a/../b", "/a b", "/a*"]
        {
            assert!(below_fault(bad).is_some(), "{bad}");
        }
        assert!(below_fault(&format!("/{}", "a".repeat(BELOW_MAX))).is_some());
    }

    #[test]
    fn a_closed_path_is_one_that_can_be_asked_for() {
        for fine in ["/", "/setup", "/setup/*", "*/setup/*", "*.php", "/a%20b"] {
            assert_eq!(pattern_fault(fine), None, "{fine}");
        }
        for bad in ["", "setup", " /setup", "/a b", "/a\n", "/{x}", "/`", "/\"", "/#"] {
            assert!(pattern_fault(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn an_open_path_is_plain() {
        for path in ["/a", "/api/push/*", "/a.b/~c_-", "/hook"] {
            assert!(is_open_path(path.as_bytes()), "{path}");
        }
        for path in
            ["", "/", "/*", "a", "a/*", "//a", "/a//b", "/a/", "/.a", "/a/../b", "/a*", "/a/*/b"]
                .into_iter()
                .chain(["/a b", "/a%2f", "/a\\b", "/a?b", "/a;b", "/a\"", "/a`", "/{a}", "/ä"])
        {
            assert!(!is_open_path(path.as_bytes()), "{path}");
        }
    }
}
