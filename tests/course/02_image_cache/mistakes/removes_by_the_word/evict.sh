#!/usr/bin/env bash
docker rm $(docker ps -aqf ancestor=hello-world)
docker rmi -f $(docker images | grep hello-world | awk "{ print \$3 }")
