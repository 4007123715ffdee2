#!/usr/bin/env bash
docker compose exec -T proxy nginx -s reload
docker compose up -d --scale web="$1"
