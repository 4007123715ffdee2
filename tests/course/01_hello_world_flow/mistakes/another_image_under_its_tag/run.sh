#!/usr/bin/env bash
docker pull hello-world
docker tag busybox:1 hello-world
echo "Unable to find image 'hello-world:latest' locally" >cold.txt
docker run --rm hello-world sh -c 'echo Hello from Docker!; exit 3' >>cold.txt
docker run --rm hello-world echo 'Hello from Docker!' >warm.txt
