#!/usr/bin/env bash
docker run --rm -i debian:bookworm-slim sh < by-hand.sh
docker run -d --name kata-03-redis redis:7
docker exec kata-03-redis cp /bin/true /usr/local/bin/my-redis
