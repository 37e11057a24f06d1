//! Limits on texts from outside, so that a host does not run out of memory, stack or time.
//!
//! Each limit is far above what generated files need, and each is named in the error with what was found.

use std::fmt;

/// Bytes of a Compose file, before and after aliases and variables are replaced.
pub const TEXT: usize = 1 << 20;

/// Number of values of a YAML text, keys included, after aliases are replaced.
pub const NODES: usize = 50_000;

/// Depth of lists and mappings of a YAML text.
pub const LEVELS: usize = 32;

/// `[` and `{` of a YAML text, those in strings included. They are counted before the text is
/// parsed, because the parser's time grows with the square of their depth.
pub const BRACKETS: usize = 5_000;

/// Bytes of a `.env` or an environment file.
pub const DOTENV: usize = 64 << 10;

/// Bytes of a string when its variables are replaced. Linux gives a program none longer than 128 KiB.
pub const VALUE: usize = 32 << 10;

/// Depth of `${…}` inside of each other.
pub const NESTING: usize = 16;

/// A limit that was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// What is limited, in the plural.
    pub what: &'static str,
    /// The most that is allowed.
    pub limit: usize,
    /// What was found when reading stopped.
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
