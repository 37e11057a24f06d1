//! Names of the labels by which one program tells another one a fact about a service.

/// Label on the services that the updater may replace.
pub(crate) const UPDATE: &str = "com.centurylinklabs.watchtower.enable";

/// Label that says how a deploy dumps a database; its value is a [`crate::dsl::database::Database`].
pub const DATABASE: &str = "homelab.database";

/// Label that says why an older release cannot work on the service's data.
pub const ONE_WAY: &str = "homelab.one-way";

/// Prefix of the labels by which a release says what it accepts (`cap.SYS_PTRACE`, `pid.host` or
/// the id of a rule); the value says why.
pub(crate) const ACCEPTS: &str = "homelab.accepts.";

/// Ids of the rules that a host runs on a file that it receives. They judge, from the file alone,
/// what a container may do to the host. When the stack accepts one of their findings, a label in
/// the file says why.
pub(crate) const HOST_RULES: &[&str] = &[
    "docker-socket",
    "host-path",
    "host-device",
    "privileged",
    "powerful-key",
    "host-namespace",
    "strong-capability",
    "unconfined",
    "cap-drop-all",
    "no-new-privileges",
    "log-driver",
    "network-option",
    "build-context",
];
