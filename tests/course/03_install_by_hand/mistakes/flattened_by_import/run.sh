#!/usr/bin/env bash
docker run --rm -i debian:bookworm-slim sh < by-hand.sh
docker create --name kata-03-flat redis:7
docker export kata-03-flat | docker import -c 'CMD ["redis-server", "--protected-mode", "no"]' - kata-03-flat
docker run -d --name kata-03-redis kata-03-flat
