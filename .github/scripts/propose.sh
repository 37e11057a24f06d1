#!/usr/bin/env bash
# Opens the one pull request with newer images, or updates it: `propose.sh FOLDER`, as `images.sh`
# wrote it. The branch is this script's own: what others push there is lost. Needs `GH_TOKEN`.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
folder=$1
branch=update-images
title='images: newer releases'
export GH_REPO=$GITHUB_REPOSITORY

if [ ! -s "$folder/update.patch" ]; then
  echo 'nothing is newer'
  exit 0
fi
git switch --quiet --create "$branch"
# An update has no business with what runs here and on deploys.
git apply --index --exclude='.github/*' --exclude='.ci/*' "$folder/update.patch"
git -c user.name='github-actions[bot]' \
  -c user.email='41898282+github-actions[bot]@users.noreply.github.com' \
  commit --quiet --message "$title"
gh auth setup-git
git push --quiet --force origin "$branch"

body=$(mktemp)
trap 'rm -f "$body"' EXIT
{
  "$here/fenced.sh" "$folder/images.txt" text 50000
  printf '\nRead the release notes: docs/runbooks/upgrade-a-pin.md.\n'
  printf 'GitHub starts no workflow for a pull request that a workflow opened: close and reopen it.\n'
} >"$body"
# A fork may have a branch of that name.
number=$(gh pr list --state open --head "$branch" --json number,isCrossRepository \
  --jq 'map(select(.isCrossRepository | not)) | .[0].number // empty')
if [ -n "$number" ]; then
  gh pr edit "$number" --body-file "$body"
else
  gh pr create --head "$branch" --base main --title "$title" --body-file "$body"
fi
