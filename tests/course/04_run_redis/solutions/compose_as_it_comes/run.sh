#!/usr/bin/env bash
set -euo pipefail
docker compose up -d --wait redis
docker compose exec -T redis redis-cli set greeting "$KATA_VALUE"
