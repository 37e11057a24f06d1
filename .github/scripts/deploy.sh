#!/usr/bin/env bash
# Deploys this commit and puts the receipt on the run's page. Needs what `on-host.sh` needs.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
receipt=$(mktemp)
trap 'rm -f "$receipt"' EXIT

code=0
"$here/on-host.sh" deploy --actor "$GITHUB_TRIGGERING_ACTOR" --format json \
  --run-url "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID" >"$receipt" || code=$?
{
  case $code in
    0) printf '## Deployed `%s`\n\n' "${GITHUB_SHA:0:12}" ;;
    1) printf '## Not deployed: refused, rolled back or broken; the receipt says which\n\n' ;;
    *) printf '## Not finished (exit code %s): the log says what the host ended on\n\n' "$code" ;;
  esac
  if [ -s "$receipt" ]; then
    "$here/fenced.sh" "$receipt" json 60000
  fi
} >>"$GITHUB_STEP_SUMMARY"
if [ "$code" -ne 0 ]; then
  echo 'help: see docs/runbooks/merge-is-deploy.md, "When a deploy fails"' >&2
fi
exit "$code"
