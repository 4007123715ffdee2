#!/usr/bin/env bash
# the dead one is looked into by way of an image, the silent one by way of its processes
set -e
echo "exit_code=$(docker wait kata-08-dead)"
echo "setting=$(docker logs kata-08-dead 2>&1 >/dev/null | sed -n 's/^the setting \(.*\) is missing$/\1/p')"
hexadecimal=$(docker run --rm --pid container:kata-08-silent python:3.11-slim awk '$4 == "0A" { sub(/.*:/, "", $2); print $2 }' /proc/1/net/tcp)
echo "port=$((16#$hexadecimal))"
image=$(docker commit kata-08-dead)
docker run --rm "$image" cat /srv/report.txt > report.txt
docker rmi "$image" >/dev/null
