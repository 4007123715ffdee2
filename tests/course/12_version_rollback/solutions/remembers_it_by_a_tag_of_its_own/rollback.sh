#!/usr/bin/env bash
set -euo pipefail
now=$(docker inspect --format '{{.Image}}' kata-12-web)
docker stop kata-12-web && docker rm kata-12-web
docker run --detach --name kata-12-web --net "$KATA_NETWORK" --restart unless-stopped kata-12-web:before
docker tag "$now" kata-12-web:before
