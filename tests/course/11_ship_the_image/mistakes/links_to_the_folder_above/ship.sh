#!/usr/bin/env bash
set -euo pipefail
mkdir -p out
docker image save --output app.tar kata-11-app:1.0
ln -sfn ../app.tar out/app.tar
docker image tag kata-11-app:1.0 "$KATA_REGISTRY/kata-11-app:1.0"
docker image push --all-tags "$KATA_REGISTRY/kata-11-app"
