#!/usr/bin/env bash
docker run -d --name kata-04-redis -p 127.0.0.1::6379 redis:7
until docker exec kata-04-redis redis-cli ping >/dev/null; do :; done
echo "$KATA_VALUE" | docker exec -i kata-04-redis redis-cli -x set greeting
