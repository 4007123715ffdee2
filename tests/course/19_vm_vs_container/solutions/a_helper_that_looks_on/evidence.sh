#!/bin/bash
set -eu
helper=$(docker run -d --rm --pid=host busybox:1 sleep 300)
trap 'docker kill "$helper" >/dev/null' EXIT
pid=$(docker exec "$helper" sh -c 'for d in /proc/[0-9]*; do case $(tr "\0" " " <$d/cmdline 2>/dev/null) in "sh -c sleep 86400"*"$0 ") echo ${d#/proc/};; esac; done' "$KATA_WORD" | sort -n | head -n 1)
printf 'pid_outside=%s\npid_inside=%s\n' "$pid" "$(docker exec "$helper" awk '/^NSpid/ {print $NF}' /proc/$pid/status)"
d=$(docker create debian:bookworm-slim cat /proc/version)
docker start "$d" >/dev/null; docker wait "$d" >/dev/null
echo "kernel_debian=$(docker logs "$d" | cut -d ' ' -f 3)"
docker rm "$d" >/dev/null
s=$(date +%s.%N)
k=$(docker run --rm -v kata-19-v:/o busybox:1 sh -c 'uname -r >/o/k')
e=$(date +%s.%N)
echo "kernel_busybox=$(docker run --rm -v kata-19-v:/o:ro busybox:1 cat /o/k)"
docker volume rm kata-19-v >/dev/null
python3 -c "print(f'container_seconds={$e - $s:.2f}s')"
grep 'login:' "$KATA_LOG" | head -1 | sed -E 's/^ *([0-9.]+) s.*/vm_seconds=\1 seconds/'
