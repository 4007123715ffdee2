#!/usr/bin/env bash
docker run -t --rm redis:7
