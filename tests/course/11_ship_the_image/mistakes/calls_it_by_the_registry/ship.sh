#!/usr/bin/env bash
set -e
mkdir -p out
docker tag kata-11-app:1.0 "$KATA_REGISTRY/kata-11-app:1.0"
docker save -o out/app.tar kata-11-app:1.0 "$KATA_REGISTRY/kata-11-app:1.0"
docker push "$KATA_REGISTRY/kata-11-app:1.0"
