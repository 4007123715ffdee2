#!/usr/bin/env bash
trap 'docker stop kata-04-terminal >/dev/null' INT
docker run -dit --name kata-04-terminal redis:7
docker logs -f kata-04-terminal
