#!/usr/bin/env bash
# What merging would change: `plan.sh FOLDER` writes `plan.md` and `snapshots.diff` there.
# The checkout is the merge that GitHub made for the pull request; its first parent is the base.
set -euo pipefail
folder=$1
base=$RUNNER_TEMP/base

git worktree add --quiet --detach "$base" 'HEAD^1'
cargo build --locked --package homelab-cli
mkdir -p "$folder"
target/debug/homelab plan --against "$base" --format markdown >"$folder/plan.md"
git diff --no-color --no-ext-diff 'HEAD^1' HEAD -- snapshots >"$folder/snapshots.diff"
