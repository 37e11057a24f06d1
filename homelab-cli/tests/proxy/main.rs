//! The proxy's routes on a real Caddy, over plain HTTP and loopback only; see `cargo xtask proxy`.

#![expect(clippy::disallowed_methods, reason = "a test runs the binary itself")]

mod headers;
mod logins;
mod paths;
mod world;
