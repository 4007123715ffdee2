#!/usr/bin/env bash
set -euo pipefail
echo "system/processor: $(docker image inspect -f '{{.Os}}/{{.Architecture}}' "${1:?Usage: $0 IMAGE}")"
