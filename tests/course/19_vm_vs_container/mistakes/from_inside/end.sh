#!/usr/bin/env bash
docker exec "$KATA_CONTAINER" kill -9 1
