#!/bin/sh
set -eu
docker run --name first hello-world >cold.txt 2>&1
docker create --name 2 hello-world >warm.txt 2>&1
docker start -a 2 >>warm.txt 2>&1
