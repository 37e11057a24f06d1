#!/usr/bin/env bash
# Builds `homelab` for a job that holds the deploy key and must not run what a build runs:
# `build.sh FOLDER` puts the program there, and its hash into the step's outputs.
set -euo pipefail
folder=$1

cargo build --release --locked --bin homelab
mkdir -p "$folder"
cp target/release/homelab "$folder/homelab"
hash=$(sha256sum "$folder/homelab")
echo "sha256=${hash%% *}" >>"$GITHUB_OUTPUT"
