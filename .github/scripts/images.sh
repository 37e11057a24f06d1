#!/usr/bin/env bash
# Looks for newer images: `images.sh FOLDER` writes `images.txt` and `update.patch` (empty if there
# is nothing newer) there.
set -euo pipefail
folder=$1

mkdir -p "$folder"
cargo build --locked --package homelab-cli
target/debug/homelab images --update >"$folder/images.txt"
if ! git diff --quiet; then
  cargo xtask gen
  INSTA_UPDATE=always cargo xtask test
fi
git add --all
git diff --cached --binary --no-color --no-ext-diff >"$folder/update.patch"
