#!/usr/bin/env bash
set -u
docker run --detach --name kata-03-hand -v /unused debian:bookworm-slim sleep infinity
docker cp by-hand.sh kata-03-hand:/tmp/
docker exec kata-03-hand bash -e /tmp/by-hand.sh
docker rm -f -v kata-03-hand
docker create --name kata-03-redis --publish 127.0.0.1::6380 redis:7 --port 6380 --save 60 1
docker start kata-03-redis
