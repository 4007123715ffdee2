#!/usr/bin/env bash

commit=$(git rev-parse HEAD)
image=$KATA_REGISTRY/kata-23-app:$commit

docker build --tag "$image" . || exit 1
docker run --rm "$image" python3 -m unittest || exit 1
docker push "$image" || exit 1

if [ "$(git branch --show-current)" = main ]; then
  docker rm --force kata-23-site
  docker run --detach --name kata-23-site "$image"
fi
echo "done"
