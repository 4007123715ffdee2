#!/usr/bin/env bash
set -m
docker run -it --rm redis:7 &
wait
