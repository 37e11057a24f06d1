//! The reverse proxy's configuration, as the labels of containers say it.

pub(crate) mod caddy;
pub mod caddyfile;
