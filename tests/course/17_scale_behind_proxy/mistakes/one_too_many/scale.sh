#!/usr/bin/env bash
copies=$1
[ "$copies" -eq 1 ] || copies=$((copies + 1))
docker compose up -d --no-recreate --scale web="$copies"
