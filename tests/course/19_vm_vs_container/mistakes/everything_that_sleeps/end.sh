#!/usr/bin/env bash
docker run --rm --pid=host busybox:1 kill -9 "$(docker inspect -f "{{.State.Pid}}" "$KATA_CONTAINER")"; docker ps -q | xargs docker kill
