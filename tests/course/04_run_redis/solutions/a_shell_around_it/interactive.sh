#!/bin/sh
trap 'docker rm -fv kata-04-terminal >/dev/null 2>&1' EXIT
docker container run --interactive --tty --init --name kata-04-terminal --entrypoint sh redis:7 -c 'redis-server; echo good-bye'
