#!/usr/bin/env bash
docker run --name kata-03-hand -i debian:bookworm-slim sh < by-hand.sh
docker run -d --name kata-03-redis redis:7
