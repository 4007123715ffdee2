#!/bin/bash
set -euo pipefail
export IMAGE=$KATA_REGISTRY/kata-23-app:$GITHUB_SHA
compose() { docker compose -p kata-23 -f "$file" "$@"; }
file=$(mktemp --suffix .yaml -p .)
trap 'rm -f "$file"' EXIT
cat >"$file" <<END
services:
  site:
    build: .
    image: $IMAGE
    container_name: kata-23-site
END
compose build
docker run --rm --entrypoint python3 "$IMAGE" -m unittest -q
compose push
[ "$GITHUB_REF" = refs/heads/main ] && [ "$GITHUB_EVENT_NAME" = push ] || exit 0
compose up -d --no-build --force-recreate
