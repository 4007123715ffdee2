#!/usr/bin/env bash
set -euo pipefail

kernel_debian=$(docker run --rm debian:bookworm-slim uname -r)
TIMEFORMAT=%R
took=$({ time docker run --rm busybox:1 true >/dev/null; } 2>&1)

echo "kernel_debian=$kernel_debian"
echo "kernel_busybox=$(docker exec "$KATA_CONTAINER" uname -r)"
echo "pid_outside=$(docker run --rm --pid=host busybox:1 pgrep -o -f "$KATA_WORD")"
echo "pid_inside=$(docker exec "$KATA_CONTAINER" pgrep -o -f "$KATA_WORD")"
echo "container_seconds=$took"
echo "vm_seconds=$(awk '/login:/ {print $1; exit}' "$KATA_LOG")"
