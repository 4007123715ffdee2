#!/usr/bin/env bash
mkdir -p conf
running=""
servers=""
for number in 1 2 3 4 5; do
    if [ "$number" -le "$1" ]; then
        running="$running web$number"
        servers="$servers server web$number:8000;"
    else
        docker compose rm -sf "web$number"
    fi
done
echo "upstream web { $servers } server { listen 80; location / { proxy_pass http://web; proxy_connect_timeout 2s; } }" >conf/default.conf
docker compose up -d $running
docker compose up -d --force-recreate proxy
