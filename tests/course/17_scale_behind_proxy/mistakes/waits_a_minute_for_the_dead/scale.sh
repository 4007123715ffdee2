#!/usr/bin/env bash
set -euo pipefail
docker compose up -d --scale web="${1:?how many?}"
docker compose kill -s HUP proxy
