#!/usr/bin/env bash
# Asks the host whether it is what its release says: `status.sh FOLDER` writes `status.md` and
# `drift` (`yes` or `no`) there. Needs what `on-host.sh` needs.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
folder=$1

mkdir -p "$folder"
code=0
"$here/on-host.sh" status --format markdown >"$folder/status.md" || code=$?
case $code in
  0) echo no >"$folder/drift" ;;
  1) echo yes >"$folder/drift" ;;
  # Nobody was asked: neither drift nor its absence.
  *) exit "$code" ;;
esac
"$here/cut.sh" "$folder/status.md" 60000 >>"$GITHUB_STEP_SUMMARY"
