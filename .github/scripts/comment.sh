#!/usr/bin/env bash
# Posts the plan as the pull request's one comment, or updates it: `comment.sh FOLDER`.
# Needs `NUMBER` (of the pull request) and `GH_TOKEN`.
set -euo pipefail
folder=$1
repository=repos/$GITHUB_REPOSITORY

body=$(mktemp)
trap 'rm -f "$body"' EXIT
{
  # By it the next run finds the comment.
  printf '<!-- homelab plan -->\n'
  "$(dirname "${BASH_SOURCE[0]}")/page.sh" "$folder"
} >"$body"

# Our own comment only: anybody may write the marker.
ids=$(gh api --paginate "$repository/issues/$NUMBER/comments" --jq '.[]
  | select(.user.login == "github-actions[bot]" and (.body | startswith("<!-- homelab plan -->")))
  | .id')
if [ -n "$ids" ]; then
  gh api --silent --method PATCH "$repository/issues/comments/${ids%%$'\n'*}" --field "body=@$body"
else
  gh api --silent --method POST "$repository/issues/$NUMBER/comments" --field "body=@$body"
fi
