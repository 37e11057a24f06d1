//! Networks that services are put on by name. Routes and `.uses(…)` make further ones.

use homelab_core::prelude::*;

/// Lists all of these networks, in the order of `compose.yaml`.
pub(crate) const ALL: &[Network] = &[PROXY, BACKEND, EGRESS];

/// Caddy alone, for the web's ports and for certificates.
pub(crate) const PROXY: Network = Network::bridge("proxy");

/// Immich and its data; no way out.
pub(crate) const BACKEND: Network = Network::internal("backend");

/// The way out; its members cannot reach each other.
pub(crate) const EGRESS: Network = Network::bridge("egress");
