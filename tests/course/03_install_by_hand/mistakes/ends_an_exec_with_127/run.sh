#!/usr/bin/env bash
docker run -d --name kata-03-hand debian:bookworm-slim sleep 600
docker exec kata-03-hand sh -c 'echo "wget: not found"; exit 127'
docker rm -f kata-03-hand
docker run -d --name kata-03-redis redis:7
