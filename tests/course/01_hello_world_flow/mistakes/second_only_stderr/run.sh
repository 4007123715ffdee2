#!/usr/bin/env bash
docker run hello-world >cold.txt 2>&1
docker run hello-world 2>warm.txt; echo done >>warm.txt
