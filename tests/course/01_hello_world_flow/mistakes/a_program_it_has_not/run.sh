#!/usr/bin/env bash
docker run hello-world bash >cold.txt 2>&1
docker run hello-world bash >warm.txt 2>&1
