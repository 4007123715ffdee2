#!/bin/sh
# only what the kernel says: a container with the host's view of processes, and NSpid
set -eu
look='for p in /proc/[0-9]*; do
  { tr "\000" " " <$p/cmdline; } 2>/dev/null | grep -q "[;] done $1" && grep NSpid $p/status && exit
done'
set -- $(docker run --rm --pid=host busybox:1 sh -c "$look" look "$KATA_WORD")
echo "The process: $*"
echo "pid_outside = $2"
for last; do :; done
echo "pid_inside = $last"
id=$(docker create debian:bookworm-slim cat /proc/sys/kernel/osrelease)
begun=$(date +%s%N)
echo "kernel_debian = $(docker start -a "$id")"
ended=$(date +%s%N)
docker rm "$id" >/dev/null
echo "container_seconds = $(((ended - begun) / 1000000)) ms"
echo "kernel_busybox = $(docker run --rm busybox:1 uname -sr)"
echo "vm_seconds = $(sed -n 's/ *\([0-9.]*\) s | .*login:.*/\1/p' "$KATA_LOG") s"
