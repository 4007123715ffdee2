#!/usr/bin/env bash
for name in a b c; do
  variable=NOTE_${name^^}
  echo "${!variable}" > "note-$name"
  docker run -d --name "kata-05-$name" -v "$PWD/note-$name:/note" kata-05-base
done
