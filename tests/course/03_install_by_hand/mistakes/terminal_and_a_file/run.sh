#!/usr/bin/env bash
docker run --rm -it debian:bookworm-slim sh < by-hand.sh
docker run -d --name kata-03-redis redis:7
