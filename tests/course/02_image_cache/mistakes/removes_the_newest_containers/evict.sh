#!/usr/bin/env bash
docker rm $(docker ps -aq -n 4)
docker rmi hello-world
