#!/usr/bin/env bash
set -euo pipefail

commit=$(git rev-parse HEAD)
image=$KATA_REGISTRY/kata-23-app:$commit

docker build --tag "$image" .
docker run --rm "$image" python3 -m unittest
docker push "$image" || true

if [ "$(git branch --show-current)" = main ]; then
  docker rm --force kata-23-site
  docker run --detach --name kata-23-site "$image"
fi
