//! `homelab images` against a real registry, Debian's `docker-registry`; see `cargo xtask registry`.

#![expect(clippy::disallowed_methods, reason = "a test runs the binary itself")]

mod answers;
mod front;
mod server;
mod updates;
mod world;
