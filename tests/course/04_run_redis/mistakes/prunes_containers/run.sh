#!/usr/bin/env bash
docker container prune -f >/dev/null
docker run -d --name kata-04-redis -p 127.0.0.1::6379 redis:7
docker exec kata-04-redis redis-cli set greeting "$KATA_VALUE"
