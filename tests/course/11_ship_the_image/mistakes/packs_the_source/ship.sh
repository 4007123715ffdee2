#!/usr/bin/env bash
# Usage: ./ship.sh
set -e
mkdir -p out
tar -cf out/app.tar -C app .

docker tag kata-11-app:1.0 "$KATA_REGISTRY/kata-11-app:1.0"
docker push "$KATA_REGISTRY/kata-11-app:1.0"
