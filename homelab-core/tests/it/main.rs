//! Tests of core from outside, in one binary.

mod compile_fail;
mod house;
mod invariants;
mod limits;
mod observe;
mod plan;
mod rooms;
mod text;
mod yaml;
