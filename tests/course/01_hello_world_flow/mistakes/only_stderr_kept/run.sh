#!/usr/bin/env bash
docker run hello-world 2>cold.txt
docker run hello-world >warm.txt 2>&1
