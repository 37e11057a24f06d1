//! A typed model of a Docker Compose stack: DSL, lowering, rules and reports.
//!
//! Pure: no I/O, no environment, no clock, no printing; same input, same bytes.
//!
//! Eight rooms, to be read in this order; each uses only those before it:
//!
//! 1. [`dsl`][]: what an author writes, a [`dsl::stack::Stack`] of services.
//! 2. [`compose`][]: the Compose file as plain data, and its text.
//! 3. [`proxy`][]: the reverse proxy's configuration, as labels say it.
//! 4. [`mod@lower`][]: makes a [`compose::File`] of a stack.
//! 5. [`model`][]: what is true of a file, whoever wrote it; [`model::project::Project`] is its normal form.
//! 6. [`checks`][]: the rules, which read a project.
//! 7. [`release`][]: a file with a host's values against what runs there, and the plan.
//! 8. [`report`][]: pages.

pub mod checks;
pub mod compose;
pub mod dsl;
pub mod lower;
pub mod model;
pub mod proxy;
pub mod release;
pub mod report;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

/// What a file that defines a service imports.
pub mod prelude {
    pub use std::time::Duration;

    pub use crate::dsl::contract::{
        Contract, DatabaseKeys, Egress, Evidence, ImageKind, Panel, PanelLogin, Peer, ReadOnly,
        Ready, SecretKey, Setting, Tags, misspelt, ran, read, reported,
    };
    pub use crate::dsl::directive::Directive;
    pub use crate::dsl::dns::DnsProvider;
    pub use crate::dsl::domain::Domain;
    pub use crate::dsl::handle::Handle;
    pub use crate::dsl::health::Health;
    pub use crate::dsl::image::{ContextFile, Image};
    pub use crate::dsl::name::ServiceName;
    pub use crate::dsl::privilege::{Capability, Nvidia, Ulimit, User};
    pub use crate::dsl::resource::{
        Backup, Bind, Macvlan, Mount, Network, Profile, Secret, Tmpfs, Volume,
    };
    pub use crate::dsl::route::{Login, Publish, Route, Tile, TileGroup};
    pub use crate::dsl::service::{
        Agent, App, Connect, Data, Edge, Precious, Service, Stateless, Unattended, Wiring,
    };
    pub use crate::dsl::stack::{Proxy, Site, Stack};
    pub use crate::dsl::subnet::Subnet;
    pub use crate::dsl::text::{Text, ToText};
    pub use crate::dsl::units::{Cpus, Memory, MemoryRange, Minutes, Port};
    pub use crate::dsl::variable::{EnvVar, Kind, Switch};
}

/// The code in the project's pages, so that it compiles.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../ARCHITECTURE.md")]
    struct Architecture;
    #[doc = include_str!("../../CONTRIBUTING.md")]
    struct Contributing;
    #[doc = include_str!("../../docs/runbooks/dns-challenge.md")]
    struct DnsChallenge;
}
