#!/usr/bin/env bash
id=$(docker images -q --no-trunc hello-world)
docker rm $(docker ps -aqf ancestor=$id)
docker rmi -f $id
docker images
