#!/usr/bin/env bash
docker run --name kata-01-hello hello-world >cold.txt 2>&1
docker start --attach kata-01-hello >warm.txt 2>&1
