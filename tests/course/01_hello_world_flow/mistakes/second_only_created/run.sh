#!/usr/bin/env bash
set -e
docker run hello-world >cold.txt 2>&1
docker create hello-world
sed '1,/^$/d' cold.txt >warm.txt
