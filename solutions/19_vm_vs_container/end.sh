#!/usr/bin/env bash
set -euo pipefail

pid=$(docker inspect --format '{{.State.Pid}}' "$KATA_CONTAINER")
docker run --rm --pid=host busybox:1 kill -9 "$pid"
