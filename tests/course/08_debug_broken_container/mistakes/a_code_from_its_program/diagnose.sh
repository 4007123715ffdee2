#!/usr/bin/env bash
set -euo pipefail

echo "exit_code=$(docker cp kata-08-dead:/app/dead.py - | tar xO | sed -n 's/^CODE = //p')"

complaint=$(docker logs kata-08-dead 2>&1 >/dev/null | tail -n 1)
echo "setting=$(echo "$complaint" | sed 's/.*setting \(.*\) is missing.*/\1/')"

# state 0A is LISTEN; the port stands behind the address, in hexadecimal
hexadecimal=$(docker exec kata-08-silent awk '$4 == "0A" { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp)
echo "port=$((16#$hexadecimal))"

docker cp -q kata-08-dead:/srv/report.txt .
