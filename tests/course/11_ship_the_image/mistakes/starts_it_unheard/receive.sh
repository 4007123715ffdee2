#!/usr/bin/env bash
# Usage: ./receive.sh file|registry
set -e
case $1 in
    file)
        docker load -i out/app.tar
        docker run -d kata-11-app:1.0
        ;;
    registry)
        docker run -d "$KATA_REGISTRY/kata-11-app:1.0"
        ;;
    *)
        echo "Usage: $0 file|registry" >&2
        exit 2
        ;;
esac
