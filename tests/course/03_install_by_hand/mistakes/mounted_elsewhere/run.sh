#!/usr/bin/env bash
docker run -i --rm -v "$PWD":/work debian:bookworm-slim bash by-hand.sh 2>/dev/null
docker run -d --name kata-03-redis redis:7
