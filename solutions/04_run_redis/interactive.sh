#!/usr/bin/env bash
docker run -it --rm redis:7
