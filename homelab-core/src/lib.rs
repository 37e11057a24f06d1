//! A typed model of a Docker Compose stack: DSL, lowering, rules and reports.
//!
//! Pure: no I/O, no environment, no clock, no printing; same input, same bytes.
//! The way through it: [`service`] and [`stack`] are the DSL, [`mod@lower`] makes a
//! [`compose::File`] of a [`stack::Stack`], [`yaml`] makes text of that;
//! [`project::Project`] is the normal form that [`checks`] and [`report`] read.

pub mod access;
pub mod budget;
pub mod caddyfile;
pub mod checks;
pub mod compose;
pub mod contract;
pub mod diff;
pub mod dotenv;
pub mod finding;
pub mod health;
pub mod house;
pub mod image;
pub mod interpolate;
pub mod limits;
pub mod lower;
pub mod name;
pub mod observe;
pub mod plan;
pub mod power;
pub mod privilege;
pub mod profile_sets;
pub mod project;
pub mod reach;
pub mod release;
pub mod report;
pub mod resolve;
pub mod resource;
pub mod route;
pub mod service;
pub mod stack;
pub mod subnet;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod text;
pub mod units;
pub mod variable;
pub mod yaml;

/// What a file that defines a service imports.
pub mod prelude {
    pub use std::time::Duration;

    pub use crate::contract::{Contract, Egress, Panel, PanelLogin, Peer, ReadOnly, SecretKey};
    pub use crate::health::Health;
    pub use crate::image::Image;
    pub use crate::name::ServiceName;
    pub use crate::privilege::{Capability, User};
    pub use crate::resource::{Backup, Bind, Mount, Network, Profile, Secret, Tmpfs, Volume};
    pub use crate::route::{Login, Publish, Route, Tile, TileGroup};
    pub use crate::service::{
        Agent, App, Connect, Data, Edge, Precious, Service, Stateless, Unattended, Wiring,
    };
    pub use crate::stack::{Handle, Site, Stack};
    pub use crate::subnet::Subnet;
    pub use crate::text::{Text, ToText};
    pub use crate::units::{Cpus, Memory, Port};
    pub use crate::variable::{EnvVar, Kind, Switch};
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
}
