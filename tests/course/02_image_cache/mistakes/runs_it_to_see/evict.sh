#!/usr/bin/env bash
docker rm $(docker ps -aqf ancestor=hello-world)
docker rmi hello-world
docker run hello-world
