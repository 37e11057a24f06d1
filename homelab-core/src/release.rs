//! A release of a house against what runs: the file with a host's values, the containers, and the plan.

mod id;

pub mod diff;
pub mod observe;
pub mod plan;
pub mod resolve;

pub use self::id::{Id, NoId};
