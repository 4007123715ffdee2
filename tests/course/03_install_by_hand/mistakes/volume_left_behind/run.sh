#!/usr/bin/env bash
docker run --name kata-03-hand -v /data -i debian:bookworm-slim sh < by-hand.sh
docker rm kata-03-hand
docker run -d --name kata-03-redis redis:7
