#!/usr/bin/env bash
docker run -it --rm debian:bookworm-slim bash by-hand.sh
docker run -d --name kata-03-redis redis:7
