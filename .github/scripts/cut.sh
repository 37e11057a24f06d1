#!/usr/bin/env bash
# Prints the whole lines of a file as far as a number of bytes reaches: `cut.sh FILE BYTES`.
set -euo pipefail
LC_ALL=C awk -v room="$2" '{ used += length($0) + 1; if (used > room) exit; print }' "$1"
