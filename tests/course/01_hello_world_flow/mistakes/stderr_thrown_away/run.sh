#!/usr/bin/env bash
docker run hello-world >cold.txt 2>/dev/null
docker run hello-world >warm.txt 2>/dev/null
