#!/usr/bin/env bash
# Looks for newer images: `images.sh FOLDER` writes `images.txt` and `update.patch` (empty if there
# is nothing newer) there.
set -euo pipefail
folder=$1

mkdir -p "$folder"
cargo build --locked --bin homelab
status=0
target/debug/homelab images --update >"$folder/images.txt" || status=$?
# 4: a registry did not answer; what the others said counts, and the text names it.
[ "$status" -eq 0 ] || [ "$status" -eq 4 ]
if ! git diff --quiet; then
  cargo xtask accept
fi
git add --all
git diff --cached --binary --no-color --no-ext-diff >"$folder/update.patch"
