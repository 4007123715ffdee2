#!/usr/bin/env bash
set -euo pipefail

commit=$(git rev-parse HEAD)
image=$KATA_REGISTRY/kata-23-app:$commit

docker build --tag "$image" .
docker run --rm --volume "$PWD/app:/app" --workdir /app python:3.11-slim python3 -m unittest
docker run --rm "$image" true
docker push "$image"

if [ "$(git branch --show-current)" = main ]; then
  docker rm --force kata-23-site
  docker run --detach --name kata-23-site "$image"
fi
