#!/usr/bin/env bash
docker run -d --name kata-04-redis -p 127.0.0.1::6379 redis:7
