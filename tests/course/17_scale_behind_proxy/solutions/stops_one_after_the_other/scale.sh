#!/usr/bin/env bash
# No compose, and no --init: a copy that is asked to stop does not hear it, and Docker waits ten seconds for each.
docker network inspect kata-17-net >/dev/null 2>&1 || docker network create kata-17-net
mkdir -p conf
list=""
for number in $(seq "$1"); do
    name=kata-17-web-$number
    docker start "$name" 2>/dev/null || docker run -d --name "$name" --network kata-17-net \
        -v "$PWD/app:/app:ro" python:3.11-slim python3 /app/server.py
    list="$list server $name:8000;"
done
echo "upstream web { $list } server { listen 80; location / { proxy_pass http://web; proxy_connect_timeout 2s; } }" >conf/default.conf
docker rm -f kata-17-proxy 2>/dev/null
docker run -d --name kata-17-proxy --network kata-17-net -p 127.0.0.1::80 -v "$PWD/conf:/etc/nginx/conf.d:ro" nginx:1.22
number=$(($1 + 1))
while docker stop "kata-17-web-$number" 2>/dev/null; do number=$((number + 1)); done
