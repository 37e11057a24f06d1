//! Labels that carry facts: what one program writes into a file so that another one can read it there.

/// Label by which the updater knows the services that opted in.
pub(crate) const UPDATE: &str = "com.centurylinklabs.watchtower.enable";

/// How a deploy dumps a database: `postgres:<superuser>/<database>`.
pub const DATABASE: &str = "homelab.database";

/// Why an older release cannot work on the service's data.
pub const ONE_WAY: &str = "homelab.one-way";

/// Prefix of the labels by which a release says what it accepts, and why: `cap.SYS_PTRACE`,
/// `pid.host`, or a rule's id.
pub(crate) const ACCEPTS: &str = "homelab.accepts.";

/// Ids of the rules that a host runs on a file that it receives: what a container may do to the host,
/// read from the file alone. Of the reasons for which a stack accepts their findings the file tells by label.
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
];
