#!/usr/bin/env bash
docker run hello-world 2>&1 | tee cold.txt
docker run hello-world 2>&1 | tee warm.txt
