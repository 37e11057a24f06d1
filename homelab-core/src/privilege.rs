//! What a container may do beyond the bare minimum: user, capabilities, host access.

use crate::variable::EnvVar;

/// The user that a container's first process runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum User {
    /// Fixed numeric user and group.
    Ids(u32, u32),
    /// User and group from `.env`.
    Variables(EnvVar, EnvVar),
}

/// A Linux capability that a service of a household may need.
///
/// `ALL`, `SYS_ADMIN`, `SYS_MODULE` and `SYS_RAWIO` are absent: each is root on the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Change the owner of files.
    Chown,
    /// Ignore file permissions.
    DacOverride,
    /// Read any file.
    DacReadSearch,
    /// Change the mode of foreign files.
    Fowner,
    /// Listen on ports below 1024.
    NetBindService,
    /// Change the network's configuration.
    NetAdmin,
    /// Send raw packets (ping).
    NetRaw,
    /// Change the group of the process.
    Setgid,
    /// Change the user of the process.
    Setuid,
}

impl Capability {
    /// The kernel's name without `CAP_`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chown => "CHOWN",
            Self::DacOverride => "DAC_OVERRIDE",
            Self::DacReadSearch => "DAC_READ_SEARCH",
            Self::Fowner => "FOWNER",
            Self::NetBindService => "NET_BIND_SERVICE",
            Self::NetAdmin => "NET_ADMIN",
            Self::NetRaw => "NET_RAW",
            Self::Setgid => "SETGID",
            Self::Setuid => "SETUID",
        }
    }
}

/// What a service does that no service should do without a recorded reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// What is allowed: `cap NET_RAW`, `pid host`, `writable root`.
    pub what: String,
    /// Why.
    pub because: &'static str,
}
