#!/usr/bin/env bash
docker ps -aq --filter ancestor=hello-world | xargs -r docker rm
docker rmi hello-world
