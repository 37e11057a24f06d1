//! The shelf: applications that a household can add to its stack, one file each.
//!
//! A file defines one service, or a group of services that belong together. The household pins the
//! image, chooses the host name, and adds what is its own by further methods:
//!
//! ```
//! use homelab_core::prelude::*;
//! use homelab_core::testing;
//! use homelab_services::{contracts, shelf};
//!
//! const IMAGE: Image = Image::pinned(
//!     "vaultwarden/server:1.37.4@sha256:efb3cde962015fcc036b2ea625242248611943b27212ebf4392841fb30fad055",
//! );
//!
//! fn add(stack: &mut Stack) {
//!     stack.add(shelf::vaultwarden::define(IMAGE, "passwords", &testing::DOMAIN).cpus(Cpus::milli(500)));
//! }
//! # let mut stack = testing::house().stack.knowing(contracts());
//! # add(&mut stack);
//! ```
//!
//! [`crate::contracts()`] has what is known of the images.

pub mod arr;
pub mod forgejo;
pub mod frigate;
pub mod grafana;
pub mod home_assistant;
pub mod jellyfin;
pub mod minecraft;
pub mod nextcloud;
pub mod page;
pub mod paperless;
pub mod pihole;
pub mod qbittorrent;
mod valkey;
pub mod vaultwarden;
pub mod wg_easy;
