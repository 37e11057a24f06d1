//! Every network that services are put on by name; a route or a use brings its own.

use homelab_core::prelude::*;

/// All of them, in the order of `compose.yaml`.
pub(crate) const ALL: &[Network] = &[PROXY, BACKEND, EGRESS];

/// Caddy alone, for the web's ports and for certificates.
pub(crate) const PROXY: Network = Network::bridge("proxy");

/// Immich and its data; no way out.
pub(crate) const BACKEND: Network = Network::internal("backend");

/// The way out; nobody on it reaches another one.
pub(crate) const EGRESS: Network = Network::bridge("egress");
