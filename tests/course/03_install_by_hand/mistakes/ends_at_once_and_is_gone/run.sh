#!/usr/bin/env bash
docker run --rm -i debian:bookworm-slim sh < by-hand.sh
docker run -d --rm --name kata-03-redis redis:7 redis-cli --version
sleep 1
