#!/usr/bin/env bash
docker run -d --name hand debian:bookworm-slim sleep 60
docker exec hand bash by-hand.sh
docker rm -f hand
docker run -d --name kata-03-redis redis:7
