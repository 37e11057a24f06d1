//! Tests of the house as a whole; the one integration binary.

mod house;
mod left_over;
mod received;
mod snapshots;
mod stranger;
