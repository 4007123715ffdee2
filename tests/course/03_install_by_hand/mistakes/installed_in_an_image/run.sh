#!/usr/bin/env bash
docker run -i --rm debian:bookworm-slim sh <by-hand.sh
docker build -q -t kata-03-mine - <<'D'
FROM redis:7
RUN cp /bin/true /usr/local/bin/my-tool
D
docker run -d --name kata-03-redis kata-03-mine
