//! What a container may do beyond the bare minimum: user, capabilities, host access.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dsl::variable::EnvVar;

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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Capability {
    /// Write to the kernel's log of logins, as PAM does.
    AuditWrite,
    /// Change the owner of files.
    Chown,
    /// Ignore file permissions.
    DacOverride,
    /// Read any file.
    DacReadSearch,
    /// Change the mode of foreign files.
    Fowner,
    /// Keep the set-group-ID bit of files that it changes.
    Fsetid,
    /// Keep memory from being swapped out.
    IpcLock,
    /// Send signals to processes of other users.
    Kill,
    /// Listen on ports below 1024.
    NetBindService,
    /// Change the network's configuration.
    NetAdmin,
    /// Send raw packets (ping).
    NetRaw,
    /// Measure what processor and graphics processor do.
    Perfmon,
    /// Change the group of the process.
    Setgid,
    /// Give capabilities that it has to its processes, or take them away for ever.
    Setpcap,
    /// Change the user of the process.
    Setuid,
    /// Make another folder the root of a process.
    SysChroot,
    /// Raise the priority of its processes.
    SysNice,
    /// Read and change the memory of its user's processes, with the host's processes those of the
    /// host.
    SysPtrace,
    /// Exceed limits of its processes and quotas of its disks.
    SysResource,
    /// Set the host's clock.
    SysTime,
}

impl Capability {
    /// Names of the capabilities that concern only the container's own files, processes and ports.
    pub(crate) const HARMLESS: &[&str] = &[
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "NET_BIND_SERVICE",
        "SETGID",
        "SETPCAP",
        "SETUID",
    ];

    /// Returns the kernel's name without `CAP_`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuditWrite => "AUDIT_WRITE",
            Self::Chown => "CHOWN",
            Self::DacOverride => "DAC_OVERRIDE",
            Self::DacReadSearch => "DAC_READ_SEARCH",
            Self::Fowner => "FOWNER",
            Self::Fsetid => "FSETID",
            Self::IpcLock => "IPC_LOCK",
            Self::Kill => "KILL",
            Self::NetBindService => "NET_BIND_SERVICE",
            Self::NetAdmin => "NET_ADMIN",
            Self::NetRaw => "NET_RAW",
            Self::Perfmon => "PERFMON",
            Self::Setgid => "SETGID",
            Self::Setpcap => "SETPCAP",
            Self::Setuid => "SETUID",
            Self::SysChroot => "SYS_CHROOT",
            Self::SysNice => "SYS_NICE",
            Self::SysPtrace => "SYS_PTRACE",
            Self::SysResource => "SYS_RESOURCE",
            Self::SysTime => "SYS_TIME",
        }
    }
}

/// A limit of each process of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ulimit {
    /// Size of the file that a crash leaves, in bytes.
    Core,
    /// Memory that is never swapped out, in bytes.
    Memlock,
    /// Open files.
    Nofile,
    /// Size of the stack, in bytes.
    Stack,
}

impl Ulimit {
    /// Returns Compose's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Memlock => "memlock",
            Self::Nofile => "nofile",
            Self::Stack => "stack",
        }
    }
}

/// Graphics processors of NVIDIA. The host needs NVIDIA's container toolkit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nvidia {
    /// All of the host.
    All,
    /// Any that many.
    Count(u32),
    /// Those with these numbers or UUIDs, as `nvidia-smi -L` shows them.
    Ids(&'static [&'static str]),
}

/// What stands in [`Exception::Namespace`] for a key of Compose where a service is on a network with
/// this driver: it is in the namespace of the household's network, in effect.
pub(crate) const MACVLAN: &str = "macvlan";

/// Something that a service may only do for a recorded reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exception<'a> {
    /// It has this capability, by the kernel's name without `CAP_`.
    Capability(&'a str),
    /// It has a device of the host at this path of the container, or uses devices by this rule.
    Device(&'a str),
    /// It forwards packets between its networks.
    Forwarding,
    /// It shares a namespace: Compose's key, such as `pid`, and the owner, such as `host`; or it is on
    /// a network of the driver `macvlan`, with the network's key.
    Namespace(&'a str, &'a str),
    /// It has this property of the Compose specification, which no word of the DSL writes.
    Raw(&'a str),
    /// It can write to its root file system.
    WritableRoot,
    /// The proxy does not check the certificate with which it answers.
    UncheckedUpstream,
    /// Its site has this line, for which there is no word.
    Directive(&'a str),
}

/// Something that a rule finds and a service may do nevertheless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// Id of the rule.
    pub rule: &'static str,
    /// What is accepted: a value that the finding names in backticks.
    pub what: &'static str,
    /// Why.
    pub because: &'static str,
}

impl Waiver {
    /// Whether it is about this finding of a rule on a service. The service's own name says nothing
    /// where the finding names something else.
    pub(crate) fn accepts(&self, rule: &str, service: &str, message: &str) -> bool {
        self.rule == rule && named(service, message).any(|it| it == self.what)
    }

    /// Returns what a waiver of this finding may name: the first that it names.
    pub(crate) fn suggestion<'b>(service: &'b str, message: &'b str) -> &'b str {
        named(service, message).next().unwrap_or(service)
    }
}

/// Returns the values that a finding on a service names; the service itself where it names no other.
fn named<'b>(service: &'b str, message: &'b str) -> impl Iterator<Item = &'b str> {
    let quoted = message.split('`').skip(1).step_by(2);
    let mut others = quoted.filter(move |it| *it != service).peekable();
    let own = others.peek().is_none().then_some(service);
    own.into_iter().chain(others)
}

impl Exception<'_> {
    /// Returns the end of the label that gives the reason in a file: `cap.NET_RAW`, `pid.host`.
    pub(crate) fn key(self) -> String {
        self.to_string().replace(' ', ".")
    }
}

impl fmt::Display for Exception<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capability(name) => write!(f, "cap {name}"),
            Self::Device(what) => write!(f, "device {what}"),
            Self::Forwarding => f.write_str("packet forwarding"),
            Self::Namespace(key, with) => write!(f, "{key} {with}"),
            Self::Raw(key) => write!(f, "raw {key}"),
            Self::WritableRoot => f.write_str("writable root"),
            Self::UncheckedUpstream => f.write_str("unchecked certificate towards the proxy"),
            Self::Directive(name) => write!(f, "directive {name} of the proxy"),
        }
    }
}
