#!/usr/bin/env bash
# the name is put on another image, so the image itself stays behind without one
docker rm $(docker ps -aqf ancestor=hello-world)
docker tag busybox:1 hello-world
docker rmi hello-world
