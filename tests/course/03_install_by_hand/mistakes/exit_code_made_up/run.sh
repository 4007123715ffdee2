#!/usr/bin/env bash
docker run --rm debian:bookworm-slim sh -c 'echo wget: not found; exit 127'
docker run -d --name kata-03-redis redis:7
