//! Compares a release of a house with what runs: resolves its file, reads the containers, and makes
//! the plan.

mod id;

pub mod databases;
pub mod diff;
pub mod observe;
pub mod plan;
pub mod resolve;

pub use self::id::{Id, NoId};
