#!/usr/bin/env bash
docker compose up -d --no-recreate --scale web="$1"
addresses=$(docker compose ps -q web | xargs docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}')
{
  echo 'split_clients "$request_id" $copy {'
  first=
  for address in $addresses; do
    if [ -z "$first" ]; then first=$address; else echo "    $((100 / $1))% $address;"; fi
  done
  echo "    * $first;"
  echo '}'
  echo 'server { listen 80; default_type text/plain; location / { return 200 "Hello from $copy\n"; } }'
} >nginx.conf
docker compose kill -s HUP proxy
sleep 1
