#!/usr/bin/env bash
set -eu
# the value is in Redis' own file before Redis is started for good
docker run -d --name kata-04-maker -v kata-04-data:/data redis:7
until docker exec kata-04-maker redis-cli set greeting "$KATA_VALUE"; do sleep 0.1; done
docker stop kata-04-maker
docker rm kata-04-maker
docker run -d --restart always --name kata-04-redis --publish 127.0.0.1:0:7001 --publish 127.0.0.2::7001 -v kata-04-data:/data --init redis:7 redis-server --port 7001
