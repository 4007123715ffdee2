#!/usr/bin/env bash
# Usage: ./ship.sh
set -e
mkdir -p out
docker save -o out/app.tar kata-11-app:1.0

docker push kata-11-app:1.0
