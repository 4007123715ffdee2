#!/usr/bin/env bash
# Usage: ./ship.sh
set -e
mkdir -p out
echo kata-11-app:1.0 >out/app.tar

docker tag kata-11-app:1.0 "$KATA_REGISTRY/kata-11-app:1.0"
docker push "$KATA_REGISTRY/kata-11-app:1.0"
