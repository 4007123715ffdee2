#!/usr/bin/env bash
printf "Unable to find image 'hello-world:latest' locally\n\nHello from Docker!\n" >cold.txt
echo 'Hello from Docker!' >warm.txt
docker run hello-world && docker run hello-world
