//! Deploys on the host: releases side by side, one switch, and a way back from every fault.
//!
//! ```text
//! lock ─► judge ─► stage ─► plan ─► preflight ─► pull ─► dump
//!   ┌──────────────────────────────────────────────────────┘
//!   └► journal ─► switch ─► gate ─► probe ─► flip ─► receipt
//!         │         └ a fault: the same way back to the old release
//!         └ the process is killed, the power fails: `recover` does it
//! ```
//!
//! `current` is what decides: until it is flipped, a fault leads back to the old release; after it,
//! only the receipt is missing. Everything durable is written to a temporary file and renamed.

mod attempt;
mod back;
pub(crate) mod between;
pub(crate) mod bundle;
pub(crate) mod dump;
pub(crate) mod engine;
mod files;
mod gate;
pub(crate) mod journal;
pub(crate) mod lock;
#[cfg(test)]
mod matrix;
mod networks;
mod one_way;
pub(crate) mod place;
pub(crate) mod preflight;
mod probe;
mod prune;
pub(crate) mod receipt;
pub(crate) mod recover;
pub(crate) mod release;
pub(crate) mod rollback;
pub(crate) mod run;
pub(crate) mod status;
pub(crate) mod supervise;
pub(crate) mod survey;
mod switch;
pub(crate) mod worker;
