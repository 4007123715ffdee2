#!/usr/bin/env bash
docker run hello-wrld >cold.txt 2>&1
docker run hello-wrld >warm.txt 2>&1
