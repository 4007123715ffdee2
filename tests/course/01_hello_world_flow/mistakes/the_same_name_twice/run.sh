#!/usr/bin/env bash
docker run --name kata-01-hello hello-world >cold.txt 2>&1
docker run --name kata-01-hello hello-world >warm.txt 2>&1
