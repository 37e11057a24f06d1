#!/bin/sh
# Plays the entry point of Netdata's image, which ends in this line: the program becomes uid 201 by itself.
set -eu
exec netdata -u netdata -D -s /host -p 19999 -i 0.0.0.0 \
  -W set logs debug none -W set logs error /dev/stderr -W set logs access none -W set logs health none
