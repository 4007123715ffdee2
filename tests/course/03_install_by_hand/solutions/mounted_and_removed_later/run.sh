#!/usr/bin/env bash
set -euo pipefail
docker run --name kata-03-hand --mount "type=bind,source=$PWD,target=/work,readonly" --workdir /work \
  debian:bookworm-slim bash -e by-hand.sh || [ $? = 127 ]
docker rm kata-03-hand
docker build --quiet -t kata-03-own .
docker run -d --name kata-03-redis kata-03-own
