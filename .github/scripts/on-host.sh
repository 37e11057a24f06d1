#!/usr/bin/env bash
# Runs `homelab` against the host: `on-host.sh VERB OPTIONS…`. Needs `DEPLOY_HOST`, the key of
# `key.sh`, and the program of `take.sh`; `DEPLOY_PORT` may be empty.
set -euo pipefail
verb=$1
shift
known=.github/known_hosts

if ! grep -q '^[^#[:space:]]' "$known"; then
  echo "error: \`$known\` names no host key" >&2
  echo 'help: see docs/runbooks/merge-is-deploy.md, step 4' >&2
  exit 1
fi
exec "$RUNNER_TEMP/homelab/homelab" "$verb" --host "$DEPLOY_HOST" --port "${DEPLOY_PORT:-22}" \
  --identity "$RUNNER_TEMP/deploy-key" --known-hosts "$known" "$@"
