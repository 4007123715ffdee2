#!/usr/bin/env bash
docker rm $(docker ps -aq -n 2)
docker rmi hello-world
