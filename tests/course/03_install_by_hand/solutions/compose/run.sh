#!/bin/sh
docker compose -p kata-03-by-hand up -d --wait redis
docker compose -p kata-03-by-hand run --rm by-hand || echo "by hand: $?"
