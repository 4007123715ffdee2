#!/usr/bin/env bash
# Those that are too many are asked to stop, and nobody waits until they have.
docker network inspect kata-17-net >/dev/null 2>&1 || docker network create kata-17-net
for number in $(seq "$1"); do
    name=kata-17-web-$number
    docker start "$name" 2>/dev/null || docker run -d --init --name "$name" --network kata-17-net \
        -v "$PWD/app:/app:ro" python:3.11-slim python3 /app/server.py
done
mkdir -p conf
{
    echo "upstream web {"
    for number in $(seq "$1"); do echo "    server kata-17-web-$number:8000;"; done
    echo "}"
    echo "server { listen 80; location / { proxy_pass http://web; proxy_connect_timeout 2s; } }"
} >conf/default.conf
docker rm -f kata-17-proxy 2>/dev/null
docker run -d --name kata-17-proxy --network kata-17-net -p 127.0.0.1::80 -v "$PWD/conf:/etc/nginx/conf.d:ro" nginx:1.22
for number in $(seq "$(($1 + 1))" 8); do docker kill --signal TERM "kata-17-web-$number" 2>/dev/null; done
