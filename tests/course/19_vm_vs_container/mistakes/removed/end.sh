#!/usr/bin/env bash
docker rm -f "$KATA_CONTAINER"
