#!/bin/bash
set -e
image=$KATA_REGISTRY/kata-23-app:$(git rev-parse --short=8 HEAD)
docker buildx build --target test .
docker buildx build --push -t "$image" .
if [[ $(git rev-parse --abbrev-ref HEAD) == main ]]; then
  docker pull "$image"
  docker rm -f kata-23-site
  docker run -d --name kata-23-site "$image"
fi
