#!/bin/sh
set -eu
docker create --name a hello-world >cold.txt 2>&1
docker start -a a >>cold.txt 2>&1
docker create --name b hello-world >warm.txt 2>&1
docker start -a b >>warm.txt 2>&1
