#!/usr/bin/env bash
docker run -dit --name kata-04-terminal redis:7 >/dev/null
trap 'docker kill -s INT kata-04-terminal >/dev/null' INT
docker logs -f kata-04-terminal &
wait; wait
