#!/usr/bin/env bash
set -eo pipefail
docker run hello-world >cold.txt 2>&1
docker run hello-world 2>&1 | grep Hello >warm.txt
