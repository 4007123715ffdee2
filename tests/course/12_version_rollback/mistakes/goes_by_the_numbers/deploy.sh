#!/bin/bash
set -e
docker pull $KATA_REGISTRY/kata-12-web:$1
docker rm -f kata-12-web || true
docker run -d --name kata-12-web --network $KATA_NETWORK $KATA_REGISTRY/kata-12-web:$1
echo "$1 $(docker inspect -f '{{.Image}}' kata-12-web)" >> log
