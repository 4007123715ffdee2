#!/usr/bin/env bash
# gives up where a container and the engine do not agree; a container is timed that runs by itself
set -euo pipefail

die() {
  echo "$*" >&2
  exit 1
}

engine=$(docker info --format '{{.KernelVersion}}')
debian=$(docker run --rm debian:bookworm-slim sh -c '. /etc/os-release; echo "$ID $(uname -r)"')
busybox=$(docker run --rm busybox:1 cat /proc/sys/kernel/osrelease)
[[ $debian == "debian $engine" && $busybox == "$engine" ]] || die "$debian, $busybox: not $engine"
echo "kernel_debian=${debian#* }"
echo "kernel_busybox=$busybox"

begun=$EPOCHREALTIME
id=$(docker run -d busybox:1 true)
docker wait "$id" >/dev/null
ended=$EPOCHREALTIME
docker rm "$id" >/dev/null
echo "container_seconds=$(awk -v a="$begun" -v b="$ended" 'BEGIN { printf "%.3f", b - a }')"

echo "pid_outside=$(docker container inspect -f '{{.State.Pid}}' "$KATA_CONTAINER")"
echo "pid_inside=$(docker exec "$KATA_CONTAINER" grep -l "$KATA_WORD" /proc/1/cmdline | tr -dc 0-9)"
echo "vm_seconds=$(grep -m 1 'login:' "$KATA_LOG" | cut -d s -f 1)"
