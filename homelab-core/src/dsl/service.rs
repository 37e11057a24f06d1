//! The DSL: a service as a chain of facts, with its role and its state in the type.
//!
//! ```
//! use homelab_core::prelude::*;
//!
//! const NAME: ServiceName = ServiceName::new("notes");
//! const IMAGE: Image = Image::pinned("example/notes:1.2@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510");
//! const WEB: Port = Port::new(8080);
//! const DATA: Mount<Precious> = Volume::precious("notes", Backup::Offsite).at("/data");
//!
//! fn define() -> Service<App, Precious> {
//!     Service::app(NAME, IMAGE, Health::from_image())
//!         .route(Route::host("notes", WEB).login(Login::BuiltIn))
//!         .mount(DATA)
//!         .memory(Memory::mib(64).up_to(Memory::mib(128)))
//! }
//! # define();
//! ```
//!
//! A database has no way in but its network, so this does not compile:
//!
//! ```compile_fail,E0277
//! # use homelab_core::prelude::*;
//! # const NAME: ServiceName = ServiceName::new("db");
//! # const IMAGE: Image = Image::pinned("example/db:1.2@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510");
//! Service::data(NAME, IMAGE, Health::from_image()).route(Route::host("db", Port::new(5432)));
//! ```
//!
//! and neither does a secret as a plain value:
//!
//! ```compile_fail,E0277
//! # use homelab_core::prelude::*;
//! # const NAME: ServiceName = ServiceName::new("notes");
//! # const IMAGE: Image = Image::pinned("example/notes:1.2@sha256:136600b6ff6843d61d355f7f71f460a166429f35de6fd11b568fece3c9a4d510");
//! # const PASSWORD: Secret = Secret::random("notes-password");
//! Service::app(NAME, IMAGE, Health::from_image()).env("PASSWORD", PASSWORD);
//! ```

mod agent;
mod network;
mod process;
mod spec;
mod storage;
mod wiring;

use std::marker::PhantomData;
use std::panic::Location;

pub(crate) use self::process::FORWARDING;
pub(crate) use self::spec::{HOST_GATEWAY, NetworkMode, Spec};
pub use self::wiring::{Connect, Wiring};
use crate::dsl::database::{Database, Engine};
use crate::dsl::dns::{AcmeDns, DnsProvider};
use crate::dsl::health::Health;
use crate::dsl::image::Image;
use crate::dsl::name::ServiceName;
use crate::dsl::privilege::{Exception, Waiver};
use crate::dsl::reason::assert_reason;
use crate::dsl::resource::{Profile, Secret};
pub use crate::dsl::role::{
    Agent, App, Data, Edge, Holds, Precious, Published, Replaceable, Role, RoleKind, Routed, State,
    Stateless, Unattended,
};
use crate::dsl::route::{Publish, Route, Tile};
use crate::dsl::text::ToText;
use crate::dsl::units::{Cpus, Memory, MemoryRange};
use crate::dsl::variable::{EnvVar, Kind, Switch};

/// A service before it is part of a stack: `R` is its role, `S` what it keeps.
///
/// Required facts are arguments of the constructor; every other fact is one
/// method, whose doc states what holds without it.
#[derive(Clone, Debug)]
#[must_use = "a service does nothing until it is passed to `Stack::add`"]
pub struct Service<R, S = Stateless> {
    pub(crate) spec: Spec,
    marker: PhantomData<fn() -> (R, S)>,
}

impl Service<Edge> {
    /// Makes the reverse proxy, the only role that publishes the web's ports.
    #[track_caller]
    pub fn edge(name: ServiceName, image: Image, health: Health) -> Self {
        Self::new(name, image, health)
    }
}

impl Service<App> {
    /// Makes a service that people open in a browser.
    #[track_caller]
    pub fn app(name: ServiceName, image: Image, health: Health) -> Self {
        Self::new(name, image, health)
    }
}

impl Service<Data> {
    /// Makes a database or cache, which is reachable on internal networks only.
    #[track_caller]
    pub fn data(name: ServiceName, image: Image, health: Health) -> Self {
        Self::new(name, image, health)
    }
}

/// Ways in. The bounds are on the methods, so that the compiler says why a role has none of them.
impl<R: Role, S: State> Service<R, S> {
    /// Serves a host name through the proxy. Default: none.
    pub fn route(mut self, route: Route) -> Self
    where
        R: Routed,
    {
        self.spec.exceptions.extend(route.exceptions());
        self.spec.routes.push(route);
        self
    }

    /// Sends a path of the first route's host to another service's route. Default: none.
    pub fn redirect(mut self, path: String, to: Route) -> Self
    where
        R: Routed,
    {
        self.spec.redirects.push((path, to));
        self
    }

    /// Shows the service on the dashboard. Default: it is not shown.
    pub fn tile(mut self, tile: Tile) -> Self
    where
        R: Routed,
    {
        self.spec.tile = Some(tile);
        self
    }

    /// Publishes a port on the host. Default: none.
    pub fn publish(mut self, publish: Publish) -> Self
    where
        R: Published,
    {
        self.spec.publishes.push(publish);
        self
    }
}

impl<S: State> Service<Edge, S> {
    /// Sets a variable to the real names of the networks on which the proxy serves routes, because
    /// it does not know Compose's keys. Default: no variable.
    pub fn ingress_env(mut self, key: &'static str) -> Self {
        self.spec.ingress_env = Some(key);
        // Reserves the variable's place; its value is set when the whole stack is known.
        self.env(key, "")
    }

    /// Makes the proxy ask for a login on routes with [`crate::dsl::route::Login::Proxy`]; it reads
    /// users and password hashes from this secret's file.
    pub fn guards_with(mut self, login: Secret) -> Self {
        self.spec.guard = Some(login);
        self.secret(login)
    }

    /// Makes the proxy prove by a DNS record that a domain is the household's, wherever an ACME
    /// account issues its certificates: so no port has to be open to the internet, and the names
    /// need no public address. It reads the provider's token from this secret's file.
    ///
    /// Default: the authority has to reach the ports 80 or 443 from the internet. The image needs
    /// the provider's module, which that of caddy-docker-proxy does not have (`acme-dns`).
    pub fn acme_dns(mut self, provider: DnsProvider, token: Secret) -> Self {
        self.spec.acme_dns = Some(AcmeDns { provider, token });
        self.secret(token)
    }
}

impl<S: State> Service<Data, S> {
    /// Says that the service is a PostgreSQL server. A deploy dumps this database, as this
    /// superuser, before it replaces the server or a service that migrates the database.
    ///
    /// Default: nothing is dumped.
    #[track_caller]
    pub fn postgres(self, superuser: &'static str, database: &'static str) -> Self {
        self.database(Engine::Postgres, superuser, database)
    }

    /// Says that the service is a `MariaDB` server. A deploy dumps this database, as `root` with the
    /// password of `MARIADB_ROOT_PASSWORD` or its file, before it replaces the server or a service that
    /// migrates the database. Restoring needs the client's `--sandbox`, which 10.5.25, 10.6.18,
    /// 10.11.8, 11.0.6, 11.1.5, 11.2.4 and 11.4.2 brought.
    ///
    /// Default: nothing is dumped.
    ///
    /// Panics when the name has other characters than letters, digits and `_`.
    #[track_caller]
    pub fn mariadb(self, database: &'static str) -> Self {
        let service = self.database(Engine::MariaDb, "root", database);
        let label = service.spec.database.as_ref().map(ToString::to_string).unwrap_or_default();
        assert!(
            label.parse::<Database>().is_ok(),
            "the name of a database consists of letters, digits and `_`, not `{database}`"
        );
        service
    }

    #[track_caller]
    fn database(self, engine: Engine, superuser: &str, name: &str) -> Self {
        let (superuser, name) = (superuser.to_owned(), name.to_owned());
        self.dumped(Database::Server { engine, superuser, name })
    }
}

/// Facts of every role.
impl<R: Role, S: State> Service<R, S> {
    /// Says that the service keeps its data in this file of `SQLite`, a path in the container. A
    /// deploy copies it, with its log, while the container is paused, before it replaces the
    /// service. Other files of the service are not in that dump.
    ///
    /// Default: nothing is dumped.
    ///
    /// Panics when the path is not absolute, has `.` or `..` in it, or ends with `/`, and for a
    /// second database.
    #[track_caller]
    pub fn sqlite(self, path: &'static str) -> Self {
        let database = Database::Sqlite { path: path.to_owned() };
        assert!(
            database.to_string().parse() == Ok(database.clone()),
            "a database's path leads straight from the root to its file, not `{path}`"
        );
        self.dumped(database)
    }

    #[track_caller]
    fn dumped(mut self, database: Database) -> Self {
        let before = self.spec.database.replace(database);
        assert!(
            before.is_none(),
            "a deploy dumps one database of a service, and this is its second"
        );
        self
    }

    /// Lets the household decide, by a switch, that the service is updated without review: it then
    /// follows its tag, and the updater replaces it.
    ///
    /// Default: it stays at its digest. A service with precious state cannot say it.
    #[track_caller]
    pub fn update_unattended(
        mut self,
        switch: Switch,
        because: &'static str,
    ) -> Service<R, Unattended>
    where
        S: Replaceable,
    {
        assert_reason(because);
        self.spec.unattended = Some((switch, because));
        self.into_state()
    }

    /// Puts it into a profile, or into none. Default: none, so that plain `docker compose up -d`
    /// starts it.
    pub fn profile(mut self, profile: impl Into<Option<Profile>>) -> Self {
        self.spec.profiles.extend(profile.into());
        self
    }

    /// Says what it works with, and caps its memory:
    /// `.memory(Memory::mib(300).up_to(Memory::gib(1)))`. Default: no cap, which the
    /// `resource-limits` check reports.
    pub fn memory(mut self, memory: MemoryRange) -> Self {
        self.spec.memory = Some(memory);
        self
    }

    /// Caps its processor time. Default: one core.
    pub fn cpus(mut self, cpus: Cpus) -> Self {
        self.spec.cpus = cpus;
        self
    }

    /// Caps the number of its processes and threads. Default: 256.
    ///
    /// Panics at 0, by which Docker means no cap.
    #[track_caller]
    pub fn pids(mut self, pids: u32) -> Self {
        assert!(pids > 0, "0 processes mean no cap for Docker: name a number");
        self.spec.pids = pids;
        self
    }

    /// Lets a variable of value 0 or 1 decide whether it runs. Default: it always runs when its
    /// profile is on.
    ///
    /// Panics when the variable may have another value: it would be a number of containers.
    #[track_caller]
    pub fn switched_by(mut self, variable: &EnvVar) -> Self {
        assert!(
            variable.kind() == Kind::Count(0, 1),
            "a switch is 0 or 1: declare `{}` as `Kind::Count(0, 1)`",
            variable.name()
        );
        self.spec.replicas = Some(*variable);
        self
    }

    /// Sets the size of `/dev/shm`. Default: Docker's 64 MiB.
    pub fn shared_memory(mut self, size: Memory) -> Self {
        self.spec.shm = Some(size);
        self
    }

    /// Adds a container label. Default: only those that the stack makes.
    pub fn label(mut self, key: &'static str, value: impl ToText) -> Self {
        self.spec.labels.insert(key, value.to_text());
        self
    }

    /// Accepts a rule's finding on this service, for this reason; reports print both.
    ///
    /// `what` is a value that the finding names in backticks: a finding about something else stays.
    #[track_caller]
    pub fn accept(mut self, rule: &'static str, what: &'static str, because: &'static str) -> Self {
        assert_reason(because);
        self.spec.waivers.push(Waiver { rule, what, because });
        self
    }

    #[track_caller]
    fn new(name: ServiceName, image: Image, health: Health) -> Self {
        let spec = Spec::new(name, image, health, R::KIND, Location::caller());
        Self { spec, marker: PhantomData }
    }

    #[track_caller]
    fn exception(mut self, what: Exception<'static>, because: &'static str) -> Self {
        assert_reason(because);
        self.spec.exceptions.push((what, because));
        self
    }

    fn into_state<T>(self) -> Service<R, T> {
        Service { spec: self.spec, marker: PhantomData }
    }
}
