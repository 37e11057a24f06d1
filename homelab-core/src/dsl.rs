//! What an author writes: services, networks, profiles and what they are made of.
//!
//! [`service`] and [`stack`] are the two to begin with; the others are their words.

pub mod contract;
pub mod declaration;
pub mod handle;
pub mod health;
pub mod house;
pub mod image;
pub mod name;
pub mod privilege;
pub mod resource;
pub mod role;
pub mod route;
pub mod service;
pub mod stack;
pub mod subnet;
pub mod text;
pub mod units;
pub mod variable;
