#!/usr/bin/env bash
docker run hello-world >cold.txt
docker run hello-world >warm.txt
