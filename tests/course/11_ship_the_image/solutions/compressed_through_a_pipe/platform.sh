#!/bin/sh
set -e
docker image inspect "$1" | tr -d ' ",' | awk -F: '$1 == "Os" { os = $2 } $1 == "Architecture" { cpu = $2 } END { print os "/" cpu }'
