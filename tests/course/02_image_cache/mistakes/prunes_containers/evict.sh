#!/usr/bin/env bash
docker container prune -f
docker rmi hello-world
