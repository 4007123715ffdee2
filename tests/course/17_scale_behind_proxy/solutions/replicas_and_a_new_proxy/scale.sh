#!/bin/sh
set -eu
echo "COPIES=$1" >.env
docker compose up --detach
docker compose up --detach --force-recreate --no-deps proxy
