#!/usr/bin/env bash
[ ! -f out/registry ] || KATA_REGISTRY=$(cat out/registry)
docker run --rm "$KATA_REGISTRY/kata-11-app:1.0"
