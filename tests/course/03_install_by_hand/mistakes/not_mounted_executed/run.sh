#!/usr/bin/env bash
docker run --rm debian:bookworm-slim ./by-hand.sh
docker run -d --name kata-03-redis redis:7
