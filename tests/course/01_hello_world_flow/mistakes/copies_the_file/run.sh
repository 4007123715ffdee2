#!/usr/bin/env bash
docker run hello-world >cold.txt 2>&1
cp cold.txt warm.txt
