#!/usr/bin/env bash
# the note is there before the program is: put into a container that has not been started, as an archive
set -euo pipefail
folder=$(mktemp -d)
for name in a b c; do
  variable=NOTE_${name^^}
  printf '%s' "${!variable}" >"$folder/note"
  docker create --name "kata-05-$name" --hostname "$name" kata-05-base
  tar -C "$folder" -c note | docker cp - "kata-05-$name:/"
  docker start "kata-05-$name"
done
rm -r "$folder"
