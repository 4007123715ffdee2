#!/usr/bin/env bash
for name in a b c; do
  docker run -d --name "kata-05-$name" kata-05-base
done
