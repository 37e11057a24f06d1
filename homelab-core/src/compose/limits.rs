//! How large a text from outside may be: a host must not run out of memory, stack or time on what it was sent.
//!
//! Each limit is far above what generated files need, and each is named in the error with what was found.

use std::fmt;

/// Bytes of a Compose file, before and after aliases and variables are replaced.
pub const TEXT: usize = 1 << 20;

/// Values of a YAML text, keys included, after aliases are replaced.
pub const NODES: usize = 50_000;

/// Lists and mappings of a YAML text inside of each other.
pub const LEVELS: usize = 32;

/// `[` and `{` of a YAML text, those in strings included, counted before it is parsed: what stands in
/// brackets costs the parser time by the square of their depth.
pub const BRACKETS: usize = 5_000;

/// Bytes of a `.env` or an environment file.
pub const DOTENV: usize = 64 << 10;

/// Bytes of a string when its variables are replaced. Linux gives a program none longer than 128 KiB.
pub const VALUE: usize = 32 << 10;

/// `${…}` inside of each other.
pub const NESTING: usize = 16;

/// A limit that was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// What is limited, in the plural.
    pub what: &'static str,
    /// The most that is allowed.
    pub limit: usize,
    /// What was found before it was given up.
    pub found: usize,
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, limit, found } = self;
        write!(f, "it has {found} {what} or more, expected at most {limit}")
    }
}

impl std::error::Error for Exceeded {}

/// Fails when there is more of something than is allowed.
///
/// # Errors
///
/// [`Exceeded`], with all three.
pub const fn at_most(limit: usize, found: usize, what: &'static str) -> Result<(), Exceeded> {
    if found > limit { Err(Exceeded { what, limit, found }) } else { Ok(()) }
}
