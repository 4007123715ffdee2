#!/usr/bin/env bash
docker run --name kata-01-hello hello-world >cold.txt 2>&1
docker logs kata-01-hello >warm.txt 2>&1
