#!/usr/bin/env bash
docker run --rm debian:bookworm-slim /etc/passwd
docker run -d --name kata-03-redis redis:7
