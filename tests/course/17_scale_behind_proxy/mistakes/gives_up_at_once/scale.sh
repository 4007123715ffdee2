#!/usr/bin/env bash
set -e
docker compose up -d --wait --scale web="$1"
docker compose exec -T proxy nginx -t
docker compose exec -T proxy nginx -s reload
