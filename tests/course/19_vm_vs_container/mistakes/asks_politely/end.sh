#!/usr/bin/env bash
docker run --rm --pid=host busybox:1 kill "$(docker inspect -f "{{.State.Pid}}" "$KATA_CONTAINER")"
