#!/usr/bin/env bash
for name in a b c; do
  variable=NOTE_${name^^}
  printf 'FROM kata-05-base\nRUN echo %s > /note\n' "${!variable}" | docker build -q -t "kata-05-image-$name" -
  docker run -d --name "kata-05-$name" "kata-05-image-$name"
done
