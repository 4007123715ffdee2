#!/bin/sh
set -eu
cd "$(dirname "$0")"
IMAGE=$(cat previous)
export IMAGE
docker compose up -d
mv previous current
