#!/usr/bin/env bash
docker run --rm hello-world >cold.txt 2>&1
docker rmi hello-world
docker run --rm hello-world >warm.txt 2>&1
