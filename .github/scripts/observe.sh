#!/usr/bin/env bash
# Runs the pinned images and keeps what they did: `observe.sh FOLDER` writes `log.txt` there, with the
# table claim by claim, and `observed.json` where the run came that far. It ends as the run does.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
folder=$1

mkdir -p "$folder"
code=0
.ci/run observe 2>&1 | tee "$folder/log.txt" || code=$?
if [ -f target/e2e/observed.json ]; then
  cp target/e2e/observed.json "$folder/observed.json"
fi
"$here/fenced.sh" "$folder/log.txt" text 60000 >>"$GITHUB_STEP_SUMMARY"
exit "$code"
