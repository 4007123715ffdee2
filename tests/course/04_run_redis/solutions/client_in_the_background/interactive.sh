#!/usr/bin/env bash
docker run -it --rm redis:7 </dev/tty &
wait
