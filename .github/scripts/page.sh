#!/usr/bin/env bash
# Prints the page of a plan: `page.sh FOLDER`, as `plan.sh` wrote it. The files are untrusted text.
# A comment holds 65,536 characters; a character has at least one byte, so bytes are counted.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
folder=$1
room=32000

# What opens an HTML comment would hide the rest of the plan.
plan=$(mktemp)
trap 'rm -f "$plan"' EXIT
sed 's/<!--/\&lt;!--/g' "$folder/plan.md" >"$plan"

"$here/cut.sh" "$plan" "$room"
if [ "$(wc -c <"$plan")" -gt "$room" ]; then
  printf '\n*Cut: the whole plan is in this run'\''s artifact `plan`.*\n'
fi
if [ -s "$folder/snapshots.diff" ]; then
  printf '\n<details><summary>Snapshots: what the change does, in full</summary>\n\n'
  "$here/fenced.sh" "$folder/snapshots.diff" diff "$room"
  printf '\n</details>\n'
else
  printf '\nNo snapshot changes.\n'
fi
