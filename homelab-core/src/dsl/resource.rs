//! What services share: profiles, networks, volumes, paths of the host, secrets.

mod mount;
mod written;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::mount::Source;
pub(super) use self::mount::assert_in_container;
pub use self::mount::{Backup, Bind, Mount, Policy, Tmpfs, Volume};
use self::written::WrittenSecret;
use crate::dsl::name;
use crate::dsl::variable::EnvVar;

/// A named group of services that is switched on or off as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    name: &'static str,
    meaning: &'static str,
    group: Option<&'static str>,
}

impl Profile {
    /// Makes a profile; `meaning` is one sentence for the person who switches it.
    #[track_caller]
    pub const fn new(name: &'static str, meaning: &'static str) -> Self {
        name::assert_valid(name);
        Self { name, meaning, group: None }
    }

    /// Lets only one profile of a group be on at a time, for programs that stand in for each other.
    /// Default: it may be on with every other one.
    #[must_use]
    pub const fn one_of(mut self, group: &'static str) -> Self {
        self.group = Some(group);
        self
    }

    /// Returns the group of which only one profile may be on.
    pub(crate) const fn group(self) -> Option<&'static str> {
        self.group
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
    macvlan: Option<Macvlan>,
}

/// Where the members of a macvlan network are: each value is the household's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Macvlan {
    /// The interface of the host to whose network they belong; of [`Kind::Interface`].
    ///
    /// [`Kind::Interface`]: crate::dsl::variable::Kind::Interface
    pub parent: EnvVar,
    /// The addresses of that network; of [`Kind::Subnet`].
    ///
    /// [`Kind::Subnet`]: crate::dsl::variable::Kind::Subnet
    pub subnet: EnvVar,
    /// The address of its router.
    pub gateway: EnvVar,
}

impl Network {
    /// Makes a bridge network with a way out.
    #[track_caller]
    pub const fn bridge(name: &'static str) -> Self {
        name::assert_valid(name);
        Self { name, internal: false, macvlan: None }
    }

    /// Makes a bridge network without a way out: its members only reach each other.
    #[track_caller]
    pub const fn internal(name: &'static str) -> Self {
        Self { internal: true, ..Self::bridge(name) }
    }

    /// Makes a macvlan network: its members are machines of the household's own network, with all of
    /// their ports. Put a service there by [`Service::ipv4_address`].
    ///
    /// The host is the only machine that they cannot reach, and that cannot reach them: the kernel
    /// passes nothing between an interface and its macvlan. The interface has to be a wired one, because
    /// an access point takes one hardware address a station.
    ///
    /// [`Service::ipv4_address`]: crate::dsl::service::Service::ipv4_address
    #[track_caller]
    pub const fn macvlan(name: &'static str, place: Macvlan) -> Self {
        Self { macvlan: Some(place), ..Self::bridge(name) }
    }

    /// Returns the key in `compose.yaml`.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Whether it has no way out.
    pub const fn is_internal(self) -> bool {
        self.internal
    }

    /// Returns where the members of a macvlan network are; `None` for a bridge.
    pub(crate) const fn place(self) -> Option<Macvlan> {
        self.macvlan
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
