#!/usr/bin/env bash
docker stop -t 1 "$KATA_CONTAINER"
