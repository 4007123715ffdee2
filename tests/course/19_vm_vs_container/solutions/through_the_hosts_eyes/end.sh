#!/bin/sh
set -eu
docker run --rm --pid host debian:bookworm-slim sh -c '
  for p in /proc/[0-9]*; do
    if grep -qs "^NSpid:.*	1$" $p/status && tr "\000" " " <$p/cmdline | grep -q "[;] done $0"; then
      kill -KILL ${p#/proc/}
    fi
  done' "$KATA_WORD"
