#!/bin/sh
set -e
image=$KATA_REGISTRY/kata-23-app:$GITHUB_SHA
docker build --no-cache -t "$image" .
docker build --target test --output type=cacheonly .
docker push --quiet "$image"
[ "$GITHUB_REF" != refs/heads/main ] || { docker rm -f kata-23-site; docker run -d --name kata-23-site "$image"; }
