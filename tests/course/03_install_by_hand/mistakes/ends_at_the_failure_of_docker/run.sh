#!/usr/bin/env bash
set -e
docker run --rm debian:bookworm-slim wget https://download.example/x
docker run -d --name kata-03-redis redis:7
