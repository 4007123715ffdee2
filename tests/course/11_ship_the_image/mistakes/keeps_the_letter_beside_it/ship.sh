#!/usr/bin/env bash
# Usage: ./ship.sh
set -e
mkdir -p out
docker save -o out/app.tar kata-11-app:1.0

docker tag kata-11-app:1.0 "$KATA_REGISTRY/kata-11-app:1.0"
docker push "$KATA_REGISTRY/kata-11-app:1.0"
docker run --rm kata-11-app:1.0 > letter.out
