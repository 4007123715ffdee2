#!/usr/bin/env bash
docker run --pull always hello-world >cold.txt 2>&1
docker run --pull always hello-world >warm.txt 2>&1
