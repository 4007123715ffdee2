#!/usr/bin/env bash
set -e
docker network disconnect "$KATA_NETWORK" "kata-12-$1" 2>/dev/null || true
docker network connect --alias kata-12-web "$KATA_NETWORK" "kata-12-$2"
echo "$2" >live
