#!/bin/sh
set -eu
docker container create --name kata-04-redis --publish 127.0.0.1:0:6379 redis:7 \
  sh -c 'exec redis-server --protected-mode no --save 60 1' >/dev/null
docker container start kata-04-redis >/dev/null
until printf %s "$KATA_VALUE" | docker container exec --interactive kata-04-redis redis-cli -x set greeting; do sleep 0.1; done
