#!/usr/bin/env bash
docker ps -a | grep hello | awk '{print $1}' | xargs docker rm
docker rmi hello-world
