#!/usr/bin/env bash
set -euo pipefail
echo "image/platform: $(docker image inspect -f '{{.Os}}/{{.Architecture}}/{{.Variant}}' "${1:?Usage: $0 IMAGE}")"
