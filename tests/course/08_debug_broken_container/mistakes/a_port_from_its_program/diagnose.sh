#!/usr/bin/env bash
set -euo pipefail

echo "exit_code=$(docker inspect -f '{{.State.ExitCode}}' kata-08-dead)"

complaint=$(docker logs kata-08-dead 2>&1 >/dev/null | tail -n 1)
echo "setting=$(echo "$complaint" | sed 's/.*setting \(.*\) is missing.*/\1/')"

# state 0A is LISTEN; the port stands behind the address, in hexadecimal
hexadecimal=$(docker exec kata-08-silent awk '$4 == "0A" { sub(/.*:/, "", $2); print $2 }' /proc/net/tcp)
docker exec kata-08-silent sed -n 's/^PORT = /port=/p' /app/silent.py

docker cp -q kata-08-dead:/srv/report.txt .
