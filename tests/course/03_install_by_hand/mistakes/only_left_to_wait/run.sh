#!/usr/bin/env bash
docker run -d --name kata-03-hand debian:bookworm-slim sleep 600
docker run -d --name kata-03-redis redis:7
