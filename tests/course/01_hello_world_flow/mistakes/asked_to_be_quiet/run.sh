#!/usr/bin/env bash
docker run --quiet hello-world >cold.txt 2>&1
docker run hello-world >warm.txt 2>&1
