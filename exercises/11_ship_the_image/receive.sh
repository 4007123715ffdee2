#!/usr/bin/env bash
# Usage: ./receive.sh file|registry
docker run --rm kata-11-app:1.0
