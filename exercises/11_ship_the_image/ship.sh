#!/usr/bin/env bash
# Usage: ./ship.sh
mkdir -p out
docker create --name kata-11-once kata-11-app:1.0
docker export kata-11-once >out/app.tar
docker rm kata-11-once
