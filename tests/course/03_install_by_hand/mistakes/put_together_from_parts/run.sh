#!/usr/bin/env bash
docker run --rm -i debian:bookworm-slim sh < by-hand.sh
docker build --quiet -t kata-03-parts .
docker run -d --name kata-03-redis kata-03-parts
