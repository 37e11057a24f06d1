//! Exit codes: what a script may rely on. 3 is what `cargo xtask gen --check` says of a stale file.

/// All is well; warnings do not count.
pub(crate) const FINE: u8 = 0;

/// A finding of severity error: the stack or the host is wrong.
pub(crate) const FINDINGS: u8 = 1;

/// The command line is wrong; also what clap uses.
pub(crate) const USAGE: u8 = 2;

/// A file or another program failed.
pub(crate) const FAILED: u8 = 4;

/// A bug of this program.
pub(crate) const BUG: u8 = 70;
