#!/usr/bin/env bash
# Plays the entry point of Immich's PostgreSQL image as far as compose.yaml relies on it.
#
# As upstream (Immich's wrapper, then the official image's script): the configuration is copied by
# whoever starts the container; root gives the folders to postgres and becomes postgres; an empty
# data folder is filled with the help of a server that listens on the local socket only; loopback
# is trusted, as initdb leaves it, and everybody else needs the password; an empty password
# matters only while there is no database, because later the server has its own record of it.
#
# Unlike upstream: no scripts in /docker-entrypoint-initdb.d, no POSTGRES_HOST_AUTH_METHOD, no
# other _FILE variable than the password's, whose file is named when it cannot be read, one
# template for SSD and HDD. And $PGDATA/stand-in-slow-start holds the seconds that the next start
# shall take longer.
set -euo pipefail

: "${PGDATA:=/var/lib/postgresql/data}"
: "${POSTGRES_USER:=postgres}"
: "${POSTGRES_DB:=$POSTGRES_USER}"
export PGDATA PATH="/usr/lib/postgresql/15/bin:$PATH"
template=/usr/local/share/stand-in/postgresql.conf
config=/etc/postgresql/postgresql.conf
socket=/var/run/postgresql

fail() {
  echo "error: $*" >&2
  exit 1
}

[[ $# -gt 0 ]] || fail 'expected a command'
# It may be something else, such as a shell.
[[ $1 == postgres ]] || exec "$@"

# Never over one that is there: upstream copies with -n.
if [[ ! -e $config ]]; then
  case "${DB_STORAGE_TYPE:-SSD}" in
    [Ss][Ss][Dd] | [Hh][Dd][Dd]) ;;
    *) fail "DB_STORAGE_TYPE must be set to 'SSD' or 'HDD'" ;;
  esac
  sed "s|@PGDATA@|$PGDATA|" "$template" >"$config" || fail "cannot write $config"
fi

if [[ $(id -u) == 0 ]]; then
  mkdir -p "$PGDATA" "$socket"
  find "$PGDATA" "$socket" \! -user 999 -exec chown 999:999 {} +
  exec setpriv --reuid=999 --regid=999 --clear-groups "$0" "$@"
fi
chmod 700 "$PGDATA" || fail "$PGDATA belongs to somebody else"

if [[ -n ${POSTGRES_PASSWORD:-} && -n ${POSTGRES_PASSWORD_FILE:-} ]]; then
  fail 'both POSTGRES_PASSWORD and POSTGRES_PASSWORD_FILE are set (but are exclusive)'
fi
password=${POSTGRES_PASSWORD:-}
if [[ -n ${POSTGRES_PASSWORD_FILE:-} ]]; then
  [[ -r $POSTGRES_PASSWORD_FILE ]] ||
    fail "POSTGRES_PASSWORD_FILE names $POSTGRES_PASSWORD_FILE, which cannot be read"
  password=$(<"$POSTGRES_PASSWORD_FILE")
fi

# As upstream: a first start that was cut off may leave PG_VERSION, and then counts as done.
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  [[ -n $password ]] || fail 'database is uninitialized and superuser password is not specified:' \
    "set POSTGRES_PASSWORD, or fill the file of POSTGRES_PASSWORD_FILE"
  read -ra initdb_args <<<"${POSTGRES_INITDB_ARGS:-}"
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$password") "${initdb_args[@]}"
  printf '\nhost all all all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"

  pg_ctl -w start -o "$(printf '%q ' "${@:2}" -c listen_addresses=)"
  if [[ $POSTGRES_DB != postgres ]]; then
    psql -X -v ON_ERROR_STOP=1 -h "$socket" -U "$POSTGRES_USER" -d postgres \
      -v db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
  fi
  pg_ctl -m fast -w stop
  echo 'PostgreSQL init process complete; ready for start up.'
fi

if [[ -f $PGDATA/stand-in-slow-start ]]; then
  seconds=$(<"$PGDATA/stand-in-slow-start")
  rm "$PGDATA/stand-in-slow-start"
  echo "starts in $seconds s"
  # As process 1 bash hears a signal only where it set a trap.
  trap 'exit 0' TERM INT
  sleep "$seconds" &
  wait $!
  trap - TERM INT
fi
exec "$@"
