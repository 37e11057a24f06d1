#!/usr/bin/env bash
# Prints a file as a fenced block that its text cannot leave: `fenced.sh FILE LANGUAGE BYTES`.
# Whole lines are kept as far as BYTES reach; a note says that the rest was cut.
set -euo pipefail
export LC_ALL=C
file=$1 language=$2 room=$3

kept=$(mktemp)
trap 'rm -f "$kept"' EXIT
"$(dirname "${BASH_SOURCE[0]}")/cut.sh" "$file" "$room" >"$kept"

# One backtick more than the longest run; a run that is absurd is no code, and loses its backticks.
longest=$(awk '{
  line = $0
  while (match(line, /`+/)) { if (RLENGTH > most) most = RLENGTH; line = substr(line, RSTART + RLENGTH) }
} END { print most + 0 }' "$kept")
if [ "$longest" -gt 40 ]; then
  tr '`' "'" <"$kept" >"$kept.tamed"
  mv "$kept.tamed" "$kept"
  longest=0
fi
[ "$longest" -ge 3 ] || longest=2
fence=$(printf '%*s' "$((longest + 1))" '' | tr ' ' '`')

printf '%s%s\n' "$fence" "$language"
cat "$kept"
printf '%s\n' "$fence"
if [ "$(wc -c <"$file")" -gt "$room" ]; then
  printf '\n*Cut: this is more than a page of GitHub takes.*\n'
fi
