#!/usr/bin/env bash
docker run -d --rm --name kata-03-hand debian:bookworm-slim sleep 600
docker exec kata-03-hand wget https://download.example/redis-7.0.15.tar.gz
docker stop -t 0 kata-03-hand
docker run -d --name kata-03-redis --network none redis:7
