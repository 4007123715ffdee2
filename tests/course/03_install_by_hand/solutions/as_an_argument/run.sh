#!/bin/bash
set -uo pipefail
trap 'echo done' EXIT
code=0
docker run --rm --network none --read-only --user 1000:1000 --entrypoint bash debian:bookworm-slim -c "$(cat by-hand.sh)" 2>&1 | sed 's/^/by hand: /' || code=${PIPESTATUS[0]}
[ "$code" -eq 127 ] || exit 1
docker run -d --restart unless-stopped --read-only --tmpfs /data --name kata-03-redis --hostname redis redis:7 redis-server --save "" --bind 127.0.0.1
