#!/usr/bin/env bash
docker rm -f kata-12-web
docker run -d --name kata-12-web --network "$KATA_NETWORK" "$KATA_REGISTRY/kata-12-web:latest"
