#!/usr/bin/env bash
set -e
docker network create kata-04-net
docker run -d --name kata-04-redis --network kata-04-net -p 127.0.0.1::6379 redis:7
until docker exec kata-04-redis redis-cli set greeting "$KATA_VALUE"; do sleep 0.1; done
docker run -d --name kata-04-door --network kata-04-net -p 0.0.0.0::6379 redis:7 redis-server --replicaof kata-04-redis 6379
until docker exec kata-04-door redis-cli get greeting | grep -q "$KATA_VALUE"; do sleep 0.1; done
