#!/usr/bin/env bash
docker run --rm -i -v kata-03-scratch:/src -w /src debian:bookworm-slim sh <by-hand.sh
docker run -d --name kata-03-redis redis:7
