#!/usr/bin/env bash
set -euo pipefail

commit=$(git rev-parse HEAD)
image=$KATA_REGISTRY/kata-23-app:$commit

docker build --tag "$image" .
docker run --rm "$image" python3 -m unittest
docker push "$image"

if [ "$(git branch --show-current)" = main ]; then
  docker build --no-cache --tag kata-23-app:site .
  docker rm --force kata-23-site
  docker run --detach --name kata-23-site kata-23-app:site
fi
