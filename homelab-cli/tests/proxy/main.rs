//! The proxy's routes on a real Caddy, over plain HTTP and loopback only; see `cargo xtask proxy`.

mod headers;
mod logins;
mod paths;
mod world;
