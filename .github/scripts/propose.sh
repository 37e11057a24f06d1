#!/usr/bin/env bash
# Opens the one pull request with newer images, or updates it: `propose.sh FOLDER`, as `images.sh`
# wrote it. The branch is this script's own: what others push there is lost. Needs `GH_TOKEN`.
# The patch is made by code that an image's publisher may have influenced, and this job's token
# writes: so the patch stays in git's index, and nothing of it is ever a file that could be run.
set -euo pipefail
export LC_ALL=C
here=$(dirname "${BASH_SOURCE[0]}")
folder=$1
branch=update-images
title='images: newer releases'
export GH_REPO=$GITHUB_REPOSITORY

# What an update changes: the pins, and what `cargo xtask gen` and the tests make of them.
is_allowed() {
  case $1 in
    # Files that begin with a dot are instructions to programs, such as `.gitattributes`.
    *[!A-Za-z0-9._/-]* | *..* | */.*) return 1 ;;
    homelab-services/src/images.rs | compose.yaml | .env.example) return 0 ;;
    docs/*/*) return 1 ;;
    config/* | docs/*.md | schemas/*.json | snapshots/*.snap) return 0 ;;
    *) return 1 ;;
  esac
}

refuse() {
  echo "error: the update $1, which no update does" >&2
  echo 'help: read the artifact `images` of this run before anybody applies it' >&2
  exit 1
}

if [ ! -s "$folder/update.patch" ]; then
  echo 'nothing is newer'
  exit 0
fi
git apply --cached "$folder/update.patch"
# Paths end with NUL, so that none can pass for two; what a patch calls a rename or a copy is to
# git's index one file that goes and one that comes.
changes=$(mktemp)
trap 'rm -f "$changes"' EXIT
git diff-index --cached --raw --no-renames -z HEAD >"$changes"
while IFS= read -r -d '' what && IFS= read -r -d '' path; do
  read -r from to _ _ kind <<<"${what#:}"
  is_allowed "$path" || refuse "changes $(printf '%q' "$path")"
  case "$kind $from $to" in
    'M 100644 100644' | 'A 000000 100644' | 'D 100644 000000') ;;
    *) refuse "makes $(printf '%q' "$path") another kind of file ($kind $from $to)" ;;
  esac
done <"$changes"

git switch --quiet --create "$branch"
git -c user.name='github-actions[bot]' \
  -c user.email='41898282+github-actions[bot]@users.noreply.github.com' \
  commit --quiet --no-verify --message "$title"
gh auth setup-git
git push --quiet --force origin "$branch"

body=$(mktemp)
trap 'rm -f "$changes" "$body"' EXIT
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
