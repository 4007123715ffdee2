#!/usr/bin/env bash
set -euo pipefail
docker compose -p kata-04-background up -d --wait redis
docker compose -p kata-04-background exec -T redis redis-cli set greeting "$KATA_VALUE"
