#!/bin/sh
# compose takes the image from wherever it is
if [ "$1" = file ]; then docker load -q -i out/app.tar; image=kata-11-app:1.0; else image=$KATA_REGISTRY/kata-11-app:1.0; fi
docker compose -p kata-11-letter -f - run --rm -T app <<COMPOSE
services: {app: {image: "$image"}}
COMPOSE
