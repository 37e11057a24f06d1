//! What a route asks of the proxy besides forwarding.

use crate::dsl::domain::pattern_fault;
use crate::dsl::reason::assert_reason;

/// A line of a route's site. Paths are those that a visitor asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Directive(pub(crate) Line);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Line {
    Redirect { from: &'static str, to: &'static str },
    MaxBody(u32),
    Header { name: &'static str, value: &'static str },
    Unbuffered,
    Raw { name: &'static str, arguments: &'static str, because: &'static str },
}

impl Directive {
    /// Redirects a path of the host to another one, permanently (301), before a login is asked for.
    /// Nextcloud wants it for `/.well-known/carddav` and `/.well-known/caldav`.
    ///
    /// Panics (in a `const`: does not compile) when one of them does not begin with `/`.
    #[track_caller]
    pub const fn redirect(from: &'static str, to: &'static str) -> Self {
        assert_path(from);
        assert_path(to);
        Self(Line::Redirect { from, to })
    }

    /// Refuses a request whose body is larger, in MiB, with 413. Default: no limit.
    pub const fn max_body_mib(size: u32) -> Self {
        Self(Line::MaxBody(size))
    }

    /// Sets a header of every answer, in the place of the service's own.
    ///
    /// Panics (in a `const`: does not compile) when the name has other characters than letters,
    /// digits and `-`, or the value a line break, a backtick or a brace.
    #[track_caller]
    pub const fn header(name: &'static str, value: &'static str) -> Self {
        let (bytes, mut at) = (name.as_bytes(), 0);
        assert!(!name.is_empty(), "a header has a name");
        while at < bytes.len() {
            let fits = bytes[at].is_ascii_alphanumeric() || bytes[at] == b'-';
            assert!(fits, "a header's name consists of letters, digits and `-`");
            at += 1;
        }
        let bytes = value.as_bytes();
        at = 0;
        while at < bytes.len() {
            let fits = bytes[at] >= b' ' && !matches!(bytes[at], b'`' | b'{' | b'}');
            assert!(fits, "a header's value has no line break, backtick or brace");
            at += 1;
        }
        Self(Line::Header { name, value })
    }

    /// Passes on every byte of an answer at once. Default: only where the service streams events
    /// (`text/event-stream`) or does not say how long its answer is.
    pub const fn unbuffered() -> Self {
        Self(Line::Unbuffered)
    }

    /// Writes a line of the Caddyfile that has no word here, for this reason; a dot leads into the
    /// block of a directive, as in `reverse_proxy.header_up`. The page of services shows the reason.
    /// It never replaces another line.
    ///
    /// Panics (in a `const`: does not compile) when the name has other characters than small
    /// letters, `_`, `@` and `.`, when the arguments could end the line or open or close a block,
    /// or without a reason.
    #[track_caller]
    pub const fn raw(name: &'static str, arguments: &'static str, because: &'static str) -> Self {
        assert_reason(because);
        let (bytes, mut at) = (name.as_bytes(), 0);
        assert!(!name.is_empty(), "a directive has a name");
        while at < bytes.len() {
            let fits = bytes[at].is_ascii_lowercase() || matches!(bytes[at], b'_' | b'@' | b'.');
            assert!(fits, "a directive's name consists of `a-z`, `_`, `@` and `.`");
            at += 1;
        }
        assert!(is_one_line(arguments.as_bytes()), "arguments stay on one line and in their block");
        Self(Line::Raw { name, arguments, because })
    }
}

#[track_caller]
const fn assert_path(path: &str) {
    let is_path = pattern_fault(path).is_none() && path.as_bytes()[0] == b'/';
    assert!(
        is_path,
        "a path begins with `/` and has no white space, quote, brace, `#` or backslash"
    );
}

/// Whether no line break, no comment, no template of the proxy and no brace that stands alone is
/// among these words.
const fn is_one_line(words: &[u8]) -> bool {
    let mut at = 0;
    while at < words.len() {
        let starts = at == 0 || words[at - 1] == b' ';
        let ends = at + 1 == words.len() || words[at + 1] == b' ';
        let is_double = at + 1 < words.len() && words[at] == words[at + 1];
        let is_fault = match words[at] {
            b'{' => ends || is_double,
            b'}' => starts || is_double,
            b'#' => starts,
            it => it < b' ',
        };
        if is_fault {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_one_line;

    #[test]
    fn arguments_stay_in_their_block() {
        for fine in ["", "a b", "Host {http.request.host}", "a#b", "{a}{b}x"] {
            assert!(is_one_line(fine.as_bytes()), "{fine}");
        }
        for bad in
            ["{", "a {", "} b", "a }", "a\nb", "a\tb", "# a", "a #b", "{{upstreams}}", "a }}"]
        {
            assert!(!is_one_line(bad.as_bytes()), "{bad}");
        }
    }
}
