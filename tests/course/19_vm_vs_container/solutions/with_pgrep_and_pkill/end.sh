#!/bin/sh
# the container's process is older than whatever else has the word on its command line, this command too
docker run --rm --pid=host busybox:1 pkill -KILL -o -f "$KATA_WORD"
