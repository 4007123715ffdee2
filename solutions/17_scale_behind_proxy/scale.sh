#!/usr/bin/env bash
# Usage: ./scale.sh N
# Copies that run already go on as they are.
docker compose up -d --no-recreate --scale web="$1"
