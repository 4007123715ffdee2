#!/usr/bin/env bash
# Usage: ./platform.sh IMAGE
docker image inspect --format '{{.Os}}/{{.Architecture}}' "$1"
