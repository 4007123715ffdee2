#!/usr/bin/env bash
docker rm $(docker ps -aq --filter status=exited)
docker rmi hello-world
