#!/usr/bin/env bash
docker run -d --rm --mount "type=bind,source=$PWD/by-hand.sh,target=/by-hand.sh" debian:bookworm-slim sh /by-hand.sh
docker run -d -t -v "$PWD/healthy.sh:/usr/local/bin/healthy.sh:ro" --health-cmd healthy.sh --name kata-03-redis redis:7
