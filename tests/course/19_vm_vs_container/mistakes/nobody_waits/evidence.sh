#!/usr/bin/env bash
set -euo pipefail

kernel_debian=$(docker run --rm debian:bookworm-slim uname -r)
TIMEFORMAT=%R
took=$({ time docker run -d --rm busybox:1 sleep 1 >/dev/null; } 2>&1)

echo "kernel_debian=$kernel_debian"
echo "kernel_busybox=$(docker exec "$KATA_CONTAINER" uname -r)"
echo "pid_outside=$(docker inspect --format '{{.State.Pid}}' "$KATA_CONTAINER")"
echo "pid_inside=$(docker exec "$KATA_CONTAINER" ps | awk -v word="$KATA_WORD" '$0 ~ word {print $1}')"
echo "container_seconds=$took"
echo "vm_seconds=$(awk '/login:/ {print $1; exit}' "$KATA_LOG")"
