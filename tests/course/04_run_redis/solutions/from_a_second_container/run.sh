#!/bin/sh
port=16379
docker run --detach --publish 127.0.0.1:$port:6379 --name kata-04-redis redis:7 redis-server --appendonly yes
until docker run --rm --network container:kata-04-redis redis:7 redis-cli set greeting "$KATA_VALUE" | grep -q OK; do
  sleep 0.1
done
