#!/usr/bin/env bash
docker run hello-world >first.txt 2>&1
docker run hello-world >second.txt 2>&1
