#!/usr/bin/env bash
set -eo pipefail
docker run hello-world 2>&1 | grep -e Unable -e Hello >cold.txt
docker run hello-world 2>&1 | grep -e Unable -e Hello >warm.txt
