//! What an author writes: services, networks, profiles and what they are made of.
//!
//! Begin with [`service`] and [`stack`]; the other modules define the values that they take.

pub mod contract;
pub mod database;
pub mod declaration;
pub mod directive;
pub mod dns;
pub mod domain;
pub mod handle;
pub mod health;
pub mod house;
pub mod image;
pub mod name;
pub mod privilege;
mod reason;
pub mod resource;
pub mod role;
pub mod route;
pub mod service;
pub mod stack;
pub mod subnet;
pub mod text;
pub mod units;
pub mod variable;
