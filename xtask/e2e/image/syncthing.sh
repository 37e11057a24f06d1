#!/bin/sh
# Plays the entry point of Syncthing's image: gives the state's folder to PUID and becomes it.
set -eu
if [ "$(id -u)" = 0 ]; then
  chown "$PUID:$PGID" /var/syncthing
  exec setpriv --reuid="$PUID" --regid="$PGID" --clear-groups -- "$0" "$@"
fi
printf 'syncthing started\n' >>/var/syncthing/.stand-in-starts
exec syncthing serve --home=/var/syncthing/config --no-browser --no-restart --no-upgrade \
  --gui-address=0.0.0.0:8384
