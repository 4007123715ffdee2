#!/usr/bin/env bash
docker run --rm -i debian:bookworm-slim sh < by-hand.sh
docker run -d --name kata-03-redis busybox:1 \
  sh -c 'while :; do printf "+PONG\r\n" | nc -l -p 6379; done'
