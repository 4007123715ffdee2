#!/usr/bin/env bash
docker run -d --name kata-04-redis --expose 6379 redis:7
docker exec kata-04-redis redis-cli set greeting "$KATA_VALUE"
