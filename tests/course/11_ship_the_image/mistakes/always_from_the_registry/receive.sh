#!/usr/bin/env bash
docker run --rm "$KATA_REGISTRY/kata-11-app:1.0"
