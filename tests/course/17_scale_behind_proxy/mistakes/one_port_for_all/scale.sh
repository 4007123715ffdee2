#!/usr/bin/env bash
[ -f .env ] || echo "PORT=$((20000 + RANDOM % 10000))" >.env
docker compose up -d --scale web="$1"
