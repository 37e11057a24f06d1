//! The Compose file as plain data, in its canonical (long) forms.
//!
//! Field names are the specification's:
//! <https://github.com/compose-spec/compose-spec/blob/main/spec.md>. Strings
//! stand as they do in the file: `$$` is a dollar, `${NAME}` a variable.

mod service;

pub mod dotenv;
pub mod interpolate;
pub mod label;
pub mod limits;
pub mod specification;
pub mod unjudged;
pub mod yaml;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::service::{
    BindOptions, Build, Condition, Dependency, Deploy, DeviceRequest, Healthcheck, Limits, Logging,
    MountKind, PublishedPort, Reservations, Resources, Service, ServiceMount, ServiceNetwork,
    ServiceSecret, Ulimit,
};

/// A whole file: <https://github.com/compose-spec/compose-spec/blob/main/03-compose-file.md>.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Project name; prefixes volumes and networks.
    pub name: String,
    /// Services by name.
    pub services: IndexMap<String, Service>,
    /// Networks by key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub networks: IndexMap<String, Network>,
    /// Named volumes by key.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub volumes: IndexMap<String, Volume>,
    /// Secrets by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub secrets: IndexMap<String, Secret>,
}

impl File {
    /// Returns the name that a volume has in the engine; a volume that the file does not declare
    /// keeps its key.
    pub fn volume_name(&self, key: &str) -> String {
        match self.volumes.get(key) {
            Some(it) => it.name.clone().unwrap_or_else(|| format!("{}_{key}", self.name)),
            None => key.to_owned(),
        }
    }
}

/// A network: <https://github.com/compose-spec/compose-spec/blob/main/06-networks.md>.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Its real name in the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `bridge`, which is also what an absent one means, or `macvlan`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Without a way out.
    #[serde(default, skip_serializing_if = "is_false")]
    pub internal: bool,
    /// Options of the driver: those of [`bridge`] or [`macvlan`].
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub driver_opts: IndexMap<String, String>,
    /// Its addresses; absent means that the engine chooses them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipam: Option<Ipam>,
}

/// How a network gets its addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ipam {
    /// One entry for each range.
    pub config: Vec<AddressRange>,
}

/// A range of addresses of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressRange {
    /// In CIDR notation.
    pub subnet: String,
    /// The part of the subnet from which the engine chooses addresses, in CIDR notation; absent
    /// means all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_range: Option<String>,
    /// The router's address; absent means one that the engine chooses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<String>,
}

impl AddressRange {
    /// Makes the range with this subnet, of which the engine chooses all addresses.
    pub fn of(subnet: impl Into<String>) -> Self {
        Self { subnet: subnet.into(), ip_range: None, gateway: None }
    }
}

impl Network {
    /// Returns its ranges of addresses; none when the file leaves them to the engine.
    pub fn subnets(&self) -> impl Iterator<Item = &str> {
        self.ipam.iter().flat_map(|it| &it.config).map(|it| it.subnet.as_str())
    }

    /// Whether its members are machines of the network of a host's interface, with all of their
    /// ports. The host itself is the only machine there that they cannot reach, and that cannot
    /// reach them.
    pub fn is_macvlan(&self) -> bool {
        self.driver.as_deref() == Some(macvlan::DRIVER)
    }

    /// Whether it has no way out. A macvlan network always has one: without a router, its members
    /// still reach all of the network of the interface.
    pub fn is_internal(&self) -> bool {
        self.internal && !self.is_macvlan()
    }

    /// Whether the engine publishes ports of its members on the host.
    pub fn publishes(&self) -> bool {
        !self.internal && !self.is_macvlan()
    }

    /// Whether the host has an address on this network, which its containers can connect to.
    pub fn has_host(&self) -> bool {
        !self.is_macvlan() && !self.is_set(bridge::NO_HOST_ADDRESS, "true")
    }

    /// Whether its members can open connections to each other.
    pub fn connects_members(&self) -> bool {
        !self.is_set(bridge::MEMBERS_CONNECT, "false")
    }

    /// Whether its members can talk to the outside: answers only arrive when the engine puts the
    /// host's address into what they send.
    pub fn leads_out(&self) -> bool {
        self.is_macvlan() || !self.internal && !self.is_set(bridge::MASQUERADE, "false")
    }

    /// Every string value besides its name, in the order of the file. The patterns name every
    /// field, so that a new one does not compile until somebody has decided about it.
    pub fn strings(&self) -> impl Iterator<Item = &str> {
        let Self { name: _, driver, internal: _, driver_opts, ipam } = self;
        let ranges = ipam.iter().flat_map(|Ipam { config }| config);
        let ranges = ranges.flat_map(|AddressRange { subnet, ip_range, gateway }| {
            std::iter::once(subnet).chain(ip_range).chain(gateway)
        });
        driver.iter().chain(driver_opts.values()).chain(ranges).map(String::as_str)
    }

    fn is_set(&self, option: &str, value: &str) -> bool {
        self.driver_opts.get(option).is_some_and(|it| it.eq_ignore_ascii_case(value))
    }
}

/// Options of the driver `bridge`: <https://docs.docker.com/engine/network/drivers/bridge/#options>.
pub mod bridge {
    /// With `true`, the host has no address on the network. Docker Engine knows it since 20.10.
    pub const NO_HOST_ADDRESS: &str = "com.docker.network.bridge.inhibit_ipv4";

    /// With `false`, the members of the network cannot reach each other.
    pub const MEMBERS_CONNECT: &str = "com.docker.network.bridge.enable_icc";

    /// With `false`, the engine does not put the host's address into what members send to the
    /// outside.
    pub const MASQUERADE: &str = "com.docker.network.bridge.enable_ip_masquerade";
}

/// The driver `macvlan`: <https://docs.docker.com/engine/network/drivers/macvlan/>.
pub mod macvlan {
    /// Its name.
    pub const DRIVER: &str = "macvlan";

    /// The option that names the interface of the host to whose network the members belong.
    pub const PARENT: &str = "parent";
}

/// A named volume: <https://github.com/compose-spec/compose-spec/blob/main/07-volumes.md>.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Its real name in the engine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A secret: <https://github.com/compose-spec/compose-spec/blob/main/09-secrets.md>.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// The host file, relative to the project. Compose ignores `uid`, `gid` and `mode` of a secret:
    /// those of the file count.
    pub file: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(crate) fn is_false(value: &bool) -> bool {
    !value
}
