#!/bin/sh
# two letters are enough for a name, and the beginning of an id for that
set -eu
docker create --name aa hello-world >cold.txt 2>&1
docker start -a aa >>cold.txt 2>&1
id=$(docker create --name 22 hello-world 2>warm.txt)
docker start -a "$(echo "$id" | cut -c 1-4)" >>warm.txt 2>&1
