#!/usr/bin/env bash
set -e
docker run -d --name kata-04-redis -p 127.0.0.1::6379 redis:7 redis-server --bind 127.0.0.1
until docker exec kata-04-redis redis-cli ping >/dev/null; do :; done
docker exec kata-04-redis redis-cli set greeting "$KATA_VALUE"
