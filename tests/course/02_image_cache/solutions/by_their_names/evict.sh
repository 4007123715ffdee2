#!/usr/bin/env bash
set -e
docker rm $(docker ps -a --filter ancestor=hello-world --format '{{.Names}}')
docker rmi hello-world
