//! `homelab images` against a real registry, Debian's `docker-registry`; see `cargo xtask registry`.

mod answers;
mod front;
mod server;
mod updates;
mod world;
