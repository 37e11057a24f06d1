//! The facts that a service's methods have collected, for `lower` and the rules.

use std::panic::Location;
use std::time::Duration;

use indexmap::IndexMap;

use crate::dsl::database::Database;
use crate::dsl::dns::AcmeDns;
use crate::dsl::health::{DependsOn, Health, Probe};
use crate::dsl::image::Image;
use crate::dsl::name::ServiceName;
use crate::dsl::privilege::{Capability, Exception, Nvidia, Ulimit, User, Waiver};
use crate::dsl::resource::{Mount, Network, Profile, Secret, Tmpfs};
use crate::dsl::role::RoleKind;
use crate::dsl::route::{Publish, Route, Tile};
use crate::dsl::text::Text;
use crate::dsl::units::{Cpus, Memory, MemoryRange};
use crate::dsl::variable::{EnvVar, Switch};

/// The name by which containers find the host, where they are told it: Docker's own.
pub(crate) const HOST_GATEWAY: &str = "host.docker.internal";

/// Default of `Service::pids`: enough for a server with a thread pool, too few for a fork bomb.
const PIDS: u32 = 256;

#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of Compose that is set or not")]
pub(crate) struct Spec {
    pub(crate) name: ServiceName,
    pub(crate) image: Image,
    pub(crate) health: Health,
    pub(crate) role: RoleKind,
    pub(crate) place: &'static Location<'static>,
    pub(crate) profiles: Vec<Profile>,
    /// Networks that it was put on by name.
    pub(crate) networks: Vec<Network>,
    /// Its own addresses on networks, by their names.
    pub(crate) addresses: IndexMap<&'static str, EnvVar>,
    /// Whose network it has; absent for one of its own.
    pub(crate) network: Option<NetworkMode>,
    /// Names that it finds, each with its address.
    pub(crate) extra_hosts: IndexMap<&'static str, Text>,
    /// The host name that it has for itself.
    pub(crate) hostname: Option<&'static str>,
    /// Services that it opens connections to.
    pub(crate) peers: Vec<ServiceName>,
    /// The variable that names the networks on which a proxy serves routes.
    pub(crate) ingress_env: Option<&'static str>,
    /// The variable that lists which paths of the host the containers that it creates may mount.
    pub(crate) creates_env: Option<&'static str>,
    pub(crate) depends: IndexMap<ServiceName, DependsOn>,
    pub(crate) egress: Option<&'static str>,
    pub(crate) env: IndexMap<&'static str, Text>,
    /// Folder of environment files and the variable that chooses one of them.
    pub(crate) env_file: Option<(&'static str, EnvVar)>,
    /// Secrets, each with the name of its file below `/run/secrets`.
    pub(crate) secrets: Vec<(Secret, &'static str)>,
    pub(crate) mounts: Vec<Mount<()>>,
    pub(crate) tmpfs: Vec<Tmpfs>,
    /// Path on the host and path in the container.
    pub(crate) devices: Vec<(Text, &'static str)>,
    pub(crate) device_cgroup_rules: Vec<&'static str>,
    pub(crate) nvidia: Option<Nvidia>,
    pub(crate) groups: Vec<EnvVar>,
    pub(crate) memory: Option<MemoryRange>,
    pub(crate) cpus: Cpus,
    pub(crate) pids: u32,
    pub(crate) replicas: Option<EnvVar>,
    pub(crate) user: Option<User>,
    pub(crate) capabilities: Vec<Capability>,
    pub(crate) read_only: bool,
    pub(crate) host_pid: bool,
    pub(crate) docker_socket: bool,
    /// Whether it does one thing and ends.
    pub(crate) is_job: bool,
    pub(crate) exceptions: Vec<(Exception<'static>, &'static str)>,
    pub(crate) entrypoint: Vec<Text>,
    pub(crate) command: Vec<Text>,
    pub(crate) sysctls: IndexMap<&'static str, Text>,
    pub(crate) ulimits: IndexMap<Ulimit, Option<u32>>,
    pub(crate) shm: Option<Memory>,
    pub(crate) stop_grace: Option<Duration>,
    pub(crate) init: bool,
    pub(crate) labels: IndexMap<&'static str, Text>,
    pub(crate) routes: Vec<Route>,
    pub(crate) redirects: Vec<(String, Route)>,
    pub(crate) publishes: Vec<Publish>,
    pub(crate) tile: Option<Tile>,
    pub(crate) guard: Option<Secret>,
    /// How a proxy proves to public authorities that a domain is its household's.
    pub(crate) acme_dns: Option<AcmeDns>,
    pub(crate) dumps: Vec<ServiceName>,
    /// Its database, which a deploy dumps.
    pub(crate) database: Option<Database>,
    /// The switch that lets it be updated without review, and why it may be.
    pub(crate) unattended: Option<(Switch, &'static str)>,
    pub(crate) waivers: Vec<Waiver>,
    /// Properties of the Compose specification, each with its value as YAML.
    pub(crate) raw: Vec<(&'static str, &'static str)>,
}

/// Whose network a service has instead of one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NetworkMode {
    /// The host's.
    Host,
    /// Another service's, which has one of its own.
    Service(ServiceName),
}

impl Spec {
    pub(crate) fn new(
        name: ServiceName,
        image: Image,
        health: Health,
        role: RoleKind,
        place: &'static Location<'static>,
    ) -> Self {
        Self {
            name,
            image,
            health,
            role,
            place,
            profiles: Vec::new(),
            networks: Vec::new(),
            addresses: IndexMap::new(),
            network: None,
            extra_hosts: IndexMap::new(),
            hostname: None,
            peers: Vec::new(),
            ingress_env: None,
            creates_env: None,
            depends: IndexMap::new(),
            egress: None,
            env: IndexMap::new(),
            env_file: None,
            secrets: Vec::new(),
            mounts: Vec::new(),
            tmpfs: Vec::new(),
            devices: Vec::new(),
            device_cgroup_rules: Vec::new(),
            nvidia: None,
            groups: Vec::new(),
            memory: None,
            cpus: Cpus::cores(1),
            pids: PIDS,
            replicas: None,
            user: None,
            capabilities: Vec::new(),
            read_only: true,
            host_pid: false,
            docker_socket: false,
            is_job: false,
            exceptions: Vec::new(),
            entrypoint: Vec::new(),
            command: Vec::new(),
            sysctls: IndexMap::new(),
            ulimits: IndexMap::new(),
            shm: None,
            stop_grace: None,
            init: false,
            labels: IndexMap::new(),
            routes: Vec::new(),
            redirects: Vec::new(),
            publishes: Vec::new(),
            tile: None,
            guard: None,
            acme_dns: None,
            dumps: Vec::new(),
            database: None,
            unattended: None,
            waivers: Vec::new(),
            raw: Vec::new(),
        }
    }

    pub(crate) fn add_secret(&mut self, secret: Secret, target: &'static str) {
        if !self.secrets.contains(&(secret, target)) {
            self.secrets.push((secret, target));
        }
    }

    /// Returns the service by whose name others reach it: itself, or the one whose network it has.
    pub(crate) fn owner(&self) -> ServiceName {
        match self.network {
            Some(NetworkMode::Service(owner)) => owner,
            Some(NetworkMode::Host) | None => self.name,
        }
    }

    /// Whether it has the network of the host itself.
    pub(crate) fn is_on_host(&self) -> bool {
        self.network == Some(NetworkMode::Host)
    }

    /// Whether it is on a network whose members are machines of the household's network.
    pub(crate) fn is_in_lan(&self) -> bool {
        self.networks.iter().any(|it| it.place().is_some())
    }

    /// Returns the host by which others reach it.
    pub(crate) fn host(&self) -> &'static str {
        if self.is_on_host() { HOST_GATEWAY } else { self.owner().as_str() }
    }

    /// Returns what services that use it wait for.
    pub(crate) const fn condition(&self) -> DependsOn {
        match self.health.probe {
            _ if self.is_job => DependsOn::Ended,
            Probe::Unprobed(_) => DependsOn::Started,
            Probe::Image | Probe::Command(_) | Probe::Shell(_) => DependsOn::Healthy,
        }
    }
}
