#!/usr/bin/env bash
# what is no part of main is tested, and nothing is kept of it
set -Eeuo pipefail
export IMAGE=$KATA_REGISTRY/kata-23-app:${GITHUB_SHA:0:12}

patiently() {
  local pause
  for pause in 0 1 2; do
    sleep "$pause"
    "$@" && return
  done
  return 1
}

docker build -qt "$IMAGE" .
docker run --rm "$IMAGE" python3 -m unittest
[[ $GITHUB_REF == refs/heads/main ]] || exit 0
patiently docker push -q "$IMAGE"
docker compose --project-name kata-23 --file - up --detach <<'END'
services:
  site:
    image: ${IMAGE}
    container_name: kata-23-site
END
