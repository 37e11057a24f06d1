#!/usr/bin/env bash
# What merging would change: `plan.sh FOLDER` writes `plan.md` and `snapshots.diff` there, and whether a host
# would refuse it into the step's outputs: the plan with the reasons is for the reviewer first.
# The checkout is the merge that GitHub made for the pull request; its first parent is the base.
set -euo pipefail
folder=$1
base=$RUNNER_TEMP/base

git worktree add --quiet --detach "$base" 'HEAD^1'
cargo build --locked --bin homelab
mkdir -p "$folder"
code=0
target/debug/homelab plan --against "$base" --format markdown >"$folder/plan.md" || code=$?
case $code in
  0) refused=false ;;
  1) refused=true ;;
  *) rm "$folder/plan.md" && exit "$code" ;;
esac
echo "refused=$refused" >>"$GITHUB_OUTPUT"
git diff --no-color --no-ext-diff 'HEAD^1' HEAD -- snapshots >"$folder/snapshots.diff"
