#!/usr/bin/env bash
docker create hello-world >cold.txt 2>&1
docker create hello-world >warm.txt 2>&1
