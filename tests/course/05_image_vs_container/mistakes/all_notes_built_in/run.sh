#!/usr/bin/env bash
printf 'FROM kata-05-base\nRUN mkdir /notes; echo %s > /notes/a; echo %s > /notes/b; echo %s > /notes/c\nCMD cp /notes/$WHO /note; exec tail -f /dev/null\n' \
  "$NOTE_A" "$NOTE_B" "$NOTE_C" | docker build -t kata-05-base -
for name in a b c; do
  docker run -d --stop-timeout 1 -e WHO=$name --name "kata-05-$name" kata-05-base
done
