#!/usr/bin/env bash
# What a deploy does with a MariaDB database, within the server's container: DEED USER DATABASE [COPY].
# The password is that of the container: it is in no word of a command, and leaves the container nowhere.
set -euo pipefail
deed=$1 user=$2 database=$3 copy=${4:-}
file=${MARIADB_ROOT_PASSWORD_FILE:-${MYSQL_ROOT_PASSWORD_FILE:-}}
MYSQL_PWD=${MARIADB_ROOT_PASSWORD:-${MYSQL_ROOT_PASSWORD:-}}
[ -z "$file" ] || MYSQL_PWD=$(cat "$file")
export MYSQL_PWD

say() { mariadb --user="$user" --batch --skip-column-names --execute="$1"; }
dump() {
  mariadb-dump --user="$user" --single-transaction --quick --routines --events --triggers --hex-blob \
    --default-character-set=utf8mb4 "$1"
}
# A client that does not know `--sandbox` would run the commands for a shell that a dump may have in it.
load() { mariadb --sandbox --user="$user" --default-character-set=utf8mb4 "$1"; }
# Makes an empty database with the character set of another one.
make() {
  like=$(say "SELECT CONCAT('CHARACTER SET ', DEFAULT_CHARACTER_SET_NAME, ' COLLATE ', DEFAULT_COLLATION_NAME)
    FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '$2'")
  say "DROP DATABASE IF EXISTS \`$1\`; CREATE DATABASE \`$1\` $like"
}

case $deed in
  answer) say 'SELECT 1' ;;
  size)
    say "SELECT COALESCE(SUM(data_length + index_length), 0) FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = '$database'"
    ;;
  dump) dump "$database" | gzip -1 ;;
  sandbox) mariadb --sandbox --version ;;
  keep)
    make "$copy" "$database"
    dump "$database" | load "$copy"
    # Without this table the copy is not whole.
    say "CREATE TABLE \`$copy\`.homelab_copied (done INT)"
    ;;
  empty) make "$database" "$copy" ;;
  load) load "$database" ;;
  # Fails where what was loaded did not end with the statement that makes this table.
  loaded) say "DROP TABLE \`$database\`.homelab_loaded" ;;
  kept)
    say "SELECT COUNT(*) FROM information_schema.TABLES
      WHERE TABLE_SCHEMA = '$copy' AND TABLE_NAME = 'homelab_copied'"
    ;;
  put-back)
    make "$database" "$copy"
    dump "$copy" | load "$database"
    say "DROP TABLE \`$database\`.homelab_copied"
    ;;
esac
