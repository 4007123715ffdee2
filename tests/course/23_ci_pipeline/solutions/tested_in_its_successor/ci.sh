#!/usr/bin/env bash
set -euo pipefail
sha=${GITHUB_SHA:-$(git rev-parse HEAD)}
ref=${GITHUB_REF_NAME:-$(git symbolic-ref --short HEAD)}
image="${KATA_REGISTRY:?}/kata-23-app:${sha::10}"
next=kata-23-next
trap 'docker rm -f "$next" >/dev/null 2>&1 || true' EXIT
docker rm -f "$next" >/dev/null 2>&1 || true
docker image build -t "$image" .
docker container run -d --name "$next" "$image"
docker exec "$next" python3 -m unittest
docker image push "$image"
if [[ $ref == main ]]; then
  docker rm -f kata-23-site 2>/dev/null || true
  docker rename "$next" kata-23-site
  trap - EXIT
fi
