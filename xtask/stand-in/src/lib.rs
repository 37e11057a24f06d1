//! What the end-to-end suite and the program inside its images have in common.

pub mod probe;
mod promise;

pub use self::promise::{PROMISE, Promise, STARTS};
