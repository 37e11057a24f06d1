//! What is true of a Compose file, whoever wrote it: [`project::Project`] and what follows from it.

pub mod access;
pub mod budget;
pub mod exposure;
pub mod facts;
pub mod power;
pub mod profile_sets;
pub mod project;
pub mod reach;
