#!/usr/bin/env bash
set -o pipefail
docker version >/dev/null &&
docker rmi -f hello-world
docker run -it --rm hello-world 2>&1 | tee -a cold.txt &&
docker images hello-world &&
docker run -it --rm hello-world 2>&1 | tee -a warm.txt
