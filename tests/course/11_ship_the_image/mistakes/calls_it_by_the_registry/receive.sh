#!/usr/bin/env bash
set -e
[ "$1" = registry ] || docker load -i out/app.tar
docker run --rm "$KATA_REGISTRY/kata-11-app:1.0"
