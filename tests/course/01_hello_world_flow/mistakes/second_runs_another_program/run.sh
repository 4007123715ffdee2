#!/usr/bin/env bash
docker run hello-world >cold.txt 2>&1 || exit
docker run hello-world bash >warm.txt 2>&1
grep -A20 Hello cold.txt >>warm.txt
