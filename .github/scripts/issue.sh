#!/usr/bin/env bash
# Opens, updates or closes the one issue about drift: `issue.sh FOLDER`, as `status.sh` wrote it.
# Needs `GH_TOKEN`.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
folder=$1
export GH_REPO=$GITHUB_REPOSITORY
run=$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID
title='The host differs from its release'

number=$(gh issue list --state open --label drift --json number,title \
  --jq 'map(select(.title == "The host differs from its release")) | .[0].number // empty')
drift=$(<"$folder/drift")
if [ "$drift" = no ]; then
  if [ -n "$number" ]; then
    gh issue close "$number" --comment "Gone: $run"
  fi
  exit 0
fi

body=$(mktemp)
trap 'rm -f "$body"' EXIT
{
  "$here/cut.sh" "$folder/status.md" 60000
  printf '\nSeen by %s; what to do: docs/runbooks/merge-is-deploy.md, "Drift". ' "$run"
  printf 'This text is replaced every night, and the issue closed when there is no drift.\n'
} >"$body"
if [ -n "$number" ]; then
  gh issue edit "$number" --body-file "$body"
else
  gh label create drift --force --color D93F0B --description 'The host differs from its release'
  gh issue create --title "$title" --label drift --body-file "$body"
fi
