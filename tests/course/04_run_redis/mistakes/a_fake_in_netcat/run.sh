#!/usr/bin/env bash
docker run -d --name kata-04-redis -p 127.0.0.1::6379 busybox:1 \
  sh -c 'while :; do printf "+PONG\r\n" | nc -l -p 6379; done'
