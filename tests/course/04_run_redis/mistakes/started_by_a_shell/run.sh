#!/usr/bin/env bash
docker run -d --name kata-04-redis -p 127.0.0.1::6379 redis:7 sh -c 'exec redis-server --save 60 1'
until docker exec kata-04-redis redis-cli set greeting "$KATA_VALUE" >/dev/null; do :; done
