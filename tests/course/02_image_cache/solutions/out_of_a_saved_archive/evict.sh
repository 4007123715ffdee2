#!/bin/sh
set -e
docker container ls --all --no-trunc --format '{{.ID}} {{.Image}}' | while read -r id image; do
  case $image in hello-world | hello-world:latest) docker container rm --force "$id" ;; esac
done
docker image rm hello-world:latest
