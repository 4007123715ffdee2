#!/usr/bin/env bash
docker rm $(docker ps -aqf ancestor=hello-world)
docker tag hello-world kata-02-elsewhere
docker rmi hello-world
