#!/usr/bin/env bash
# Usage: ./scale.sh N
docker compose up -d --scale web="$1"
