#!/usr/bin/env bash
docker run --rm -i debian:bookworm-slim sh < by-hand.sh
dokcer run -d --name kata-03-redis redis:7
