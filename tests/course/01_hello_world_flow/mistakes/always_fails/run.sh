#!/usr/bin/env bash
docker run hello-world >cold.txt 2>&1
docker run hello-world >warm.txt 2>&1
exit 1
