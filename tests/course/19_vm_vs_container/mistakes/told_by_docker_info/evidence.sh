#!/usr/bin/env bash
set -euo pipefail

kernel=$(docker info --format '{{.KernelVersion}}')
docker run --rm debian:bookworm-slim true
TIMEFORMAT=%R
took=$({ time docker run --rm busybox:1 true >/dev/null; } 2>&1)

echo "kernel_debian=$kernel"
echo "kernel_busybox=$kernel"
echo "pid_outside=$(docker inspect --format '{{.State.Pid}}' "$KATA_CONTAINER")"
echo "pid_inside=$(docker exec "$KATA_CONTAINER" ps | awk -v word="$KATA_WORD" '$0 ~ word {print $1}')"
echo "container_seconds=$took"
echo "vm_seconds=$(awk '/login:/ {print $1; exit}' "$KATA_LOG")"
