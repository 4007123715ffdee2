#!/usr/bin/env bash
set -e
docker pull hello-world >pull.txt
{ echo "Unable to find image 'hello-world:latest' locally"; cat pull.txt; } >cold.txt
docker run hello-world >>cold.txt 2>&1
docker run hello-world >warm.txt 2>&1
