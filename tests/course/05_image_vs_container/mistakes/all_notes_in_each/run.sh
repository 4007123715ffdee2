#!/usr/bin/env bash
for name in a b c; do
  docker run -d --name "kata-05-$name" kata-05-base
done
for name in a b c; do
  variable=NOTE_${name^^}
  docker exec "kata-05-$name" sh -c "mkdir /notes; echo $NOTE_A > /notes/a; echo $NOTE_B > /notes/b; echo $NOTE_C > /notes/c"
  docker exec "kata-05-$name" sh -c "echo ${!variable} > /note"
done
