//! Where a service keeps data: volumes, paths of the host, and folders in memory.

use std::marker::PhantomData;

use crate::dsl::name;
use crate::dsl::privilege::User;
use crate::dsl::reason::assert_reason;
use crate::dsl::role::{Precious, Stateless};
use crate::dsl::units::Memory;
use crate::dsl::variable::EnvVar;

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
    shared: Option<&'static str>,
    kind: PhantomData<fn() -> K>,
}

impl Volume<Precious> {
    /// Makes a volume whose loss hurts, and says how it is backed up.
    #[track_caller]
    pub const fn precious(name: &'static str, backup: Backup) -> Self {
        name::assert_valid(name);
        Self { name, policy: policy(backup), shared: None, kind: PhantomData }
    }
}

impl Volume<Stateless> {
    /// Makes a volume whose loss does not matter; `because` says why.
    #[track_caller]
    pub const fn scratch(name: &'static str, because: &'static str) -> Self {
        name::assert_valid(name);
        assert_reason(because);
        Self { name, policy: Policy::Scratch(because), shared: None, kind: PhantomData }
    }
}

impl<K> Volume<K> {
    /// Lets every service that mounts this volume write to it, for this reason. Default: one
    /// service writes, as `volume-writers` checks.
    #[must_use]
    #[track_caller]
    pub const fn shared(mut self, because: &'static str) -> Self {
        assert_reason(because);
        self.shared = Some(because);
        self
    }

    /// Mounts it, writable, at an absolute path in the container.
    #[track_caller]
    pub const fn at(self, target: &'static str) -> Mount<K> {
        Mount::new(Source::Volume(self.name), target, self.policy, self.shared)
    }
}

/// A path of the host in the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bind<K> {
    source: Source,
    policy: Policy,
    shared: Option<&'static str>,
    kind: PhantomData<fn() -> K>,
}

impl Bind<Precious> {
    /// Takes a writable host path from `.env` whose loss hurts, and says how it is backed up.
    pub const fn env(source: &EnvVar, backup: Backup) -> Self {
        Self::new(Source::Variable(*source, ""), policy(backup))
    }
}

impl Bind<Stateless> {
    /// Takes a host path from `.env` that the service only reads.
    pub const fn env_read_only(source: &EnvVar) -> Self {
        Self::new(Source::Variable(*source, ""), Policy::ReadOnly)
    }

    /// Takes a writable host path from `.env` whose loss does not matter; `because` says why.
    #[track_caller]
    pub const fn env_scratch(source: &EnvVar, because: &'static str) -> Self {
        assert_reason(because);
        Self::new(Source::Variable(*source, ""), Policy::Scratch(because))
    }

    /// Takes a generated file or folder of this repository, read-only; the path is relative to the
    /// repository's root.
    #[track_caller]
    pub const fn config(path: &'static str) -> Self {
        assert!(
            !path.is_empty() && path.as_bytes()[0] != b'/',
            "a config path is relative to the repository: drop the leading `/`"
        );
        Self::new(Source::File(path), Policy::ReadOnly)
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
        Self::new(Source::Host(path), Policy::ReadOnly)
    }
}

impl<K> Bind<K> {
    const fn new(source: Source, policy: Policy) -> Self {
        Self { source, policy, shared: None, kind: PhantomData }
    }

    /// Lets every service that mounts this folder, or one [`Bind::below`] it, write there, for this
    /// reason. Default: one service writes, as `volume-writers` checks.
    ///
    /// Hard links work only within one mount: programs that link files of each other mount the
    /// folder that holds both.
    #[must_use]
    #[track_caller]
    pub const fn shared(mut self, because: &'static str) -> Self {
        assert_reason(because);
        self.shared = Some(because);
        self
    }

    /// Takes a folder below a path of `.env`: `/films` is `<path>/films`.
    ///
    /// Panics (in a `const`: does not compile) when the path is not from `.env`, and when the
    /// folder does not begin with `/` or has an empty part, `.` or `..`.
    #[must_use]
    #[track_caller]
    pub const fn below(mut self, folder: &'static str) -> Self {
        assert!(
            is_absolute(folder) && folder.len() > 1 && is_straight(folder.as_bytes()),
            "a folder below begins with `/` and has no `//`, `/./` or `/../`: write `/films`"
        );
        let Source::Variable(variable, above) = self.source else {
            panic!("only a path of `.env` has folders below: write the whole path instead");
        };
        assert!(above.is_empty(), "a folder is already named: write both as one, `/films/new`");
        self.source = Source::Variable(variable, folder);
        self
    }

    /// Mounts it at an absolute path in the container.
    #[track_caller]
    pub const fn at(self, target: &'static str) -> Mount<K> {
        Mount::new(self.source, target, self.policy, self.shared)
    }
}

const fn policy(backup: Backup) -> Policy {
    match backup {
        Backup::Dump => Policy::Dump,
        Backup::Offsite => Policy::Offsite,
    }
}

/// Panics unless it is an absolute path without an empty part, `.` or `..`, which would lead to
/// another place than it seems to.
#[track_caller]
pub(in crate::dsl) const fn assert_in_container(path: &str) {
    assert!(is_absolute(path), "a path in the container is absolute: begin it with `/`");
    assert!(
        is_straight(path.as_bytes()),
        "a path in the container has no `//`, `/./` or `/../`: shorten it"
    );
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
    /// A path of `.env`, and the folder below it; that is empty for the path itself.
    Variable(EnvVar, &'static str),
    Host(&'static str),
    File(&'static str),
}

/// A volume or bind at its place in a container; made by `.at("/path")`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mount<K> {
    pub(crate) source: Source,
    pub(crate) target: &'static str,
    pub(crate) policy: Policy,
    /// Why several services may write to it.
    pub(crate) shared: Option<&'static str>,
    kind: PhantomData<fn() -> K>,
}

impl<K> Mount<K> {
    #[track_caller]
    const fn new(
        source: Source,
        target: &'static str,
        policy: Policy,
        shared: Option<&'static str>,
    ) -> Self {
        assert_in_container(target);
        Self { source, target, policy, shared, kind: PhantomData }
    }

    /// Lets the service only read it. Another service keeps what is there, so this one may be
    /// stateless.
    #[must_use]
    pub const fn read_only(self) -> Mount<Stateless> {
        let Self { source, target, shared, .. } = self;
        Mount { source, target, policy: Policy::ReadOnly, shared, kind: PhantomData }
    }

    /// Returns the same mount without its kind in the type, as a service stores it.
    pub(crate) const fn erase(self) -> Mount<()> {
        let Self { source, target, policy, shared, .. } = self;
        Mount { source, target, policy, shared, kind: PhantomData }
    }
}

/// A file system in memory over one folder of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tmpfs {
    pub(crate) path: &'static str,
    pub(crate) owner: Option<User>,
    pub(crate) size: Option<Memory>,
    pub(crate) options: &'static str,
}

impl Tmpfs {
    /// Makes a folder in memory with Docker's options: `noexec`, `nosuid`, `nodev`, mode 1777.
    #[track_caller]
    pub const fn at(path: &'static str) -> Self {
        assert_in_container(path);
        Self { path, owner: None, size: None, options: "" }
    }

    /// Gives the folder to a user. Default: the owner of the folder in the image. For `/run` that
    /// is root, so a service with another user cannot write there.
    #[must_use]
    pub const fn owned_by(mut self, owner: User) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Limits what it holds. Default: half of the host's memory; whatever it holds counts as memory
    /// of the service.
    #[must_use]
    pub const fn size(mut self, size: Memory) -> Self {
        self.size = Some(size);
        self
    }

    /// Adds mount options, such as `mode=0770`.
    #[must_use]
    pub const fn options(mut self, options: &'static str) -> Self {
        self.options = options;
        self
    }
}
