#!/usr/bin/env bash
# Writes the deploy key where only this user reads it. Needs `DEPLOY_KEY`.
set -euo pipefail
key=$RUNNER_TEMP/deploy-key

if [ -z "$DEPLOY_KEY" ]; then
  echo 'error: the secret `DEPLOY_KEY` is empty' >&2
  echo 'help: see docs/runbooks/merge-is-deploy.md, step 3' >&2
  exit 1
fi
rm -f "$key"
install -m 0600 /dev/null "$key"
# ssh refuses a key without a newline at its end, or with carriage returns.
printf '%s\n' "${DEPLOY_KEY//$'\r'/}" >"$key"
