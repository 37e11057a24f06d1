#!/usr/bin/env bash
# The toolchain that this repository is tested with, instead of the runner's newest.
set -euo pipefail

version=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
# Without `rust-src`: a test compares the compiler's words, which would then quote it.
rustup toolchain install "$version" --profile minimal --component clippy,rustfmt --no-self-update
rustup default "$version"
