//! Every network of the house.

use homelab_core::prelude::*;

/// All of them, in the order of `compose.yaml`.
pub(crate) const ALL: &[Network] =
    &[PROXY, BACKEND, EGRESS, SOCKET_CADDY, SOCKET_NETDATA, SOCKET_WATCHTOWER];

/// Caddy and every service with a route.
pub(crate) const PROXY: Network = Network::bridge("proxy");

/// Data and machine learning; no way out.
pub(crate) const BACKEND: Network = Network::internal("backend");

/// The way out for services without a route.
pub(crate) const EGRESS: Network = Network::bridge("egress");

/// Caddy and its filter in front of the Docker API.
pub(crate) const SOCKET_CADDY: Network = Network::internal("socket-caddy");

/// Netdata and its filter in front of the Docker API.
pub(crate) const SOCKET_NETDATA: Network = Network::internal("socket-netdata");

/// Watchtower and its filter in front of the Docker API.
pub(crate) const SOCKET_WATCHTOWER: Network = Network::internal("socket-watchtower");
