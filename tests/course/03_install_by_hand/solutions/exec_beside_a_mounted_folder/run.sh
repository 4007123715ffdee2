#!/usr/bin/env bash
docker run -d --rm --init --name kata-03-hand -v "$PWD:/looked/at:ro" debian:bookworm-slim tail -f /dev/null
docker exec -t -w /looked/at -e HOME=/tmp -u nobody kata-03-hand bash -eu -c '. ./by-hand.sh'
echo "by hand: $?"
docker stop -t 1 kata-03-hand
docker run -d --name kata-03-redis redis:7
