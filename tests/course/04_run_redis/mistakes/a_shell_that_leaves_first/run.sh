#!/usr/bin/env bash
docker run -d --name kata-04-redis -p 127.0.0.1::6379 redis:7 sh -c 'trap "exit 3" TERM; redis-server & wait'
until docker exec kata-04-redis redis-cli set greeting "$KATA_VALUE"; do :; done
