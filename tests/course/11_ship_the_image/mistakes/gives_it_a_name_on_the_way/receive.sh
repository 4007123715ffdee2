#!/usr/bin/env bash
# Usage: ./receive.sh file|registry
set -e
case $1 in
    file)
        docker load -i out/app.tar; docker tag kata-11-app:1.0 letter:1
        docker run --rm kata-11-app:1.0
        ;;
    registry)
        docker run --rm letter:1
        ;;
    *)
        echo "Usage: $0 file|registry" >&2
        exit 2
        ;;
esac
