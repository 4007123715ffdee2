#!/bin/sh
set -e
mkdir -p out
docker save kata-11-app:1.0 | gzip -9 > out/app.tar.gz
docker image tag kata-11-app:1.0 "$KATA_REGISTRY/kata-11-app:1.0"
docker image push --quiet "$KATA_REGISTRY/kata-11-app:1.0"
docker image rm "$KATA_REGISTRY/kata-11-app:1.0"
