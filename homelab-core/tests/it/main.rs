//! Tests of core from outside, in one binary.

mod compile_fail;
