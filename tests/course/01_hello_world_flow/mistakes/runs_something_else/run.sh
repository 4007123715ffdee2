#!/usr/bin/env bash
echo "Unable to find image 'hello-world:latest' locally" >cold.txt
docker run --rm busybox:1 echo 'Hello from Docker!' >>cold.txt
docker run --rm busybox:1 echo 'Hello from Docker!' >warm.txt
