#!/usr/bin/env bash
docker kill "$KATA_CONTAINER"
