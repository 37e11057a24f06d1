//! What services share: profiles, networks, volumes, binds, secrets, devices.

mod written;

use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::written::WrittenSecret;
use crate::dsl::name;
use crate::dsl::privilege::User;
use crate::dsl::role::{Precious, Stateless};
use crate::dsl::variable::EnvVar;

/// A named group of services that is switched on or off as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    name: &'static str,
    meaning: &'static str,
}

impl Profile {
    /// Makes a profile; `meaning` is one sentence for the person who switches it.
    #[track_caller]
    pub const fn new(name: &'static str, meaning: &'static str) -> Self {
        name::assert_valid(name);
        Self { name, meaning }
    }

    /// Returns the name in `COMPOSE_PROFILES`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Returns one sentence on what it switches on.
    pub const fn meaning(self) -> &'static str {
        self.meaning
    }
}

/// A network of the stack, with a real name of its own (`<project>_<name>`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    name: &'static str,
    internal: bool,
}

impl Network {
    /// Makes a bridge network with a way out.
    #[track_caller]
    pub const fn bridge(name: &'static str) -> Self {
        name::assert_valid(name);
        Self { name, internal: false }
    }

    /// Makes a bridge network without a way out: its members only reach each other.
    #[track_caller]
    pub const fn internal(name: &'static str) -> Self {
        Self { internal: true, ..Self::bridge(name) }
    }

    /// Returns the key in `compose.yaml`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Whether it has no way out.
    pub const fn is_internal(self) -> bool {
        self.internal
    }
}

/// How state whose loss hurts is kept safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Backup {
    /// A service of the stack dumps it on a schedule; a copy of the files is no backup.
    Dump,
    /// Its files belong in the copy that leaves the house.
    Offsite,
}

/// How a mount is treated when the disk dies; the reason is printed in the state page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// Dumped by a service of the stack.
    Dump,
    /// Copied off the host.
    Offsite,
    /// Not kept, because of this.
    Scratch(&'static str),
    /// Not written to by this service.
    ReadOnly,
}

/// A named volume: either [`Volume::precious`] or [`Volume::scratch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Volume<K> {
    name: &'static str,
    policy: Policy,
    kind: PhantomData<fn() -> K>,
}

impl Volume<Precious> {
    /// Makes a volume whose loss hurts, and says how it is backed up.
    #[track_caller]
    pub const fn precious(name: &'static str, backup: Backup) -> Self {
        name::assert_valid(name);
        Self { name, policy: policy(backup), kind: PhantomData }
    }
}

impl Volume<Stateless> {
    /// Makes a volume whose loss does not matter; `because` says why.
    #[track_caller]
    pub const fn scratch(name: &'static str, because: &'static str) -> Self {
        name::assert_valid(name);
        Self { name, policy: Policy::Scratch(because), kind: PhantomData }
    }
}

impl<K> Volume<K> {
    /// Mounts it, writable, at an absolute path in the container.
    #[track_caller]
    pub const fn at(self, target: &'static str) -> Mount<K> {
        let (name, policy) = (self.name, self.policy);
        Mount::new(Source::Volume(name), target, policy)
    }
}

/// A path of the host in the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bind<K> {
    source: Source,
    policy: Policy,
    kind: PhantomData<fn() -> K>,
}

impl Bind<Precious> {
    /// Takes a writable host path from `.env` whose loss hurts, and says how it is backed up.
    pub const fn env(source: &EnvVar, backup: Backup) -> Self {
        Self { source: Source::Variable(*source), policy: policy(backup), kind: PhantomData }
    }
}

impl Bind<Stateless> {
    /// Takes a host path from `.env` that the service only reads.
    pub const fn env_read_only(source: &EnvVar) -> Self {
        Self { source: Source::Variable(*source), policy: Policy::ReadOnly, kind: PhantomData }
    }

    /// Takes a generated file or folder of this repository, read-only; the path is relative to the
    /// repository's root.
    #[track_caller]
    pub const fn config(path: &'static str) -> Self {
        assert!(
            !path.is_empty() && path.as_bytes()[0] != b'/',
            "a config path is relative to the repository: drop the leading `/`"
        );
        Self { source: Source::File(path), policy: Policy::ReadOnly, kind: PhantomData }
    }

    /// Takes a fixed path of the host, read-only, such as `/proc`.
    ///
    /// Panics (in a `const`: does not compile) on `/`, `/run` and `/var/run`, which hold the Docker
    /// socket: use `Service::socket_proxy` for that. The path may not have an empty part, `.` or
    /// `..` either, so that no other spelling leads there.
    #[track_caller]
    pub const fn host_read_only(path: &'static str) -> Self {
        assert!(is_absolute(path), "a host path is absolute: begin it with `/`");
        assert!(
            is_straight(path.as_bytes()),
            "a host path has no `//`, `/./` or `/../`: shorten it"
        );
        assert!(
            !holds_socket(path.as_bytes()),
            "this path holds the Docker socket: use `Service::socket_proxy`"
        );
        Self { source: Source::Host(path), policy: Policy::ReadOnly, kind: PhantomData }
    }
}

impl<K> Bind<K> {
    /// Mounts it at an absolute path in the container.
    #[track_caller]
    pub const fn at(self, target: &'static str) -> Mount<K> {
        let (source, policy) = (self.source, self.policy);
        Mount::new(source, target, policy)
    }
}

const fn policy(backup: Backup) -> Policy {
    match backup {
        Backup::Dump => Policy::Dump,
        Backup::Offsite => Policy::Offsite,
    }
}

const fn is_absolute(path: &str) -> bool {
    !path.is_empty() && path.as_bytes()[0] == b'/'
}

/// Whether no part of an absolute path is empty, `.` or `..`; a slash at the end is fine.
const fn is_straight(path: &[u8]) -> bool {
    let mut at = 1;
    let mut part = 1;
    while at <= path.len() {
        if at == path.len() || path[at] == b'/' {
            let is_end = at == path.len();
            let bad = match at - part {
                0 => !is_end,
                1 => path[part] == b'.',
                2 => path[part] == b'.' && path[part + 1] == b'.',
                _ => false,
            };
            if bad {
                return false;
            }
            part = at + 1;
        }
        at += 1;
    }
    true
}

/// Whether a fixed host path is one of the folders in which the Docker socket lies, or a socket.
const fn holds_socket(path: &[u8]) -> bool {
    let suffix = b".sock";
    if path.len() >= suffix.len() {
        let mut at = 0;
        while at < suffix.len() && path[path.len() - suffix.len() + at] == suffix[at] {
            at += 1;
        }
        if at == suffix.len() {
            return true;
        }
    }
    matches!(path, b"/" | b"/run" | b"/run/" | b"/var" | b"/var/" | b"/var/run" | b"/var/run/")
}

/// Where a mount's data lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    Volume(&'static str),
    Variable(EnvVar),
    Host(&'static str),
    File(&'static str),
}

/// A volume or bind at its place in a container; made by `.at("/path")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mount<K> {
    pub(crate) source: Source,
    pub(crate) target: &'static str,
    pub(crate) policy: Policy,
    kind: PhantomData<fn() -> K>,
}

impl<K> Mount<K> {
    #[track_caller]
    const fn new(source: Source, target: &'static str, policy: Policy) -> Self {
        assert!(
            is_absolute(target),
            "a mount's path in the container is absolute: begin it with `/`"
        );
        Self { source, target, policy, kind: PhantomData }
    }

    /// Returns the same mount without its kind in the type, as a service stores it.
    pub(crate) const fn erase(self) -> Mount<()> {
        Mount { source: self.source, target: self.target, policy: self.policy, kind: PhantomData }
    }
}

/// How `homelab init` makes a secret's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecretContent {
    /// Random text.
    Random,
    /// A line `user bcrypt-hash` for Caddy's `basic_auth`; the password is shown once.
    ProxyLogin,
    /// It makes none: the household has the value from elsewhere and gives it.
    Given,
}

/// A secret: a file under `secrets/`, mounted at `/run/secrets/<name>`.
///
/// Its value never enters this program, an environment or a generated file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(into = "WrittenSecret")]
#[schemars(with = "WrittenSecret")]
pub struct Secret {
    name: &'static str,
    content: SecretContent,
    meaning: &'static str,
}

impl Secret {
    /// Makes a secret of random text.
    #[track_caller]
    pub const fn random(name: &'static str) -> Self {
        name::assert_valid(name);
        Self { name, content: SecretContent::Random, meaning: "" }
    }

    /// Makes the secret with the login that the proxy asks for.
    #[track_caller]
    pub const fn proxy_login(name: &'static str) -> Self {
        Self { content: SecretContent::ProxyLogin, ..Self::random(name) }
    }

    /// Makes a secret that the household is given by others, such as the key of a VPN's provider;
    /// `meaning` says what it is and where to find it, for the person who gives it.
    ///
    /// Panics (in a `const`: does not compile) when the name is invalid or the meaning empty.
    #[track_caller]
    pub const fn given(name: &'static str, meaning: &'static str) -> Self {
        assert!(!meaning.is_empty(), "say what the secret is and where to find it");
        Self { content: SecretContent::Given, meaning, ..Self::random(name) }
    }

    /// Returns the name of its file.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Returns what a given secret is and where to find it; empty for others.
    pub const fn meaning(self) -> &'static str {
        self.meaning
    }

    /// Returns how its value is made.
    pub const fn content(self) -> SecretContent {
        self.content
    }

    /// Returns the path of its file in the project: `secrets/<name>`.
    pub fn file(self) -> String {
        format!("secrets/{}", self.name)
    }

    /// Returns the path of its file in a container: `/run/secrets/<name>`.
    pub(crate) fn path(self) -> String {
        format!("/run/secrets/{}", self.name)
    }
}

/// A file system in memory over one folder of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tmpfs {
    pub(crate) path: &'static str,
    pub(crate) owner: Option<User>,
    pub(crate) options: &'static str,
}

impl Tmpfs {
    /// Makes a folder in memory with Docker's options: `noexec`, `nosuid`, `nodev`, mode 1777.
    #[track_caller]
    pub const fn at(path: &'static str) -> Self {
        assert!(is_absolute(path), "a tmpfs path is absolute: begin it with `/`");
        Self { path, owner: None, options: "" }
    }

    /// Gives the folder to a user. Default: the owner of the folder in the image. For `/run` that
    /// is root, so a service with another user cannot write there.
    #[must_use]
    pub const fn owned_by(mut self, owner: User) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Adds mount options, such as `mode=0770`.
    #[must_use]
    pub const fn options(mut self, options: &'static str) -> Self {
        self.options = options;
        self
    }
}
