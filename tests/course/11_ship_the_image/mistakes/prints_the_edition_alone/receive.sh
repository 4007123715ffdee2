#!/usr/bin/env bash
# Usage: ./receive.sh file|registry
set -e
case $1 in
    file)
        docker load -i out/app.tar
        docker run --rm kata-11-app:1.0 cat edition.txt
        ;;
    registry)
        docker run --rm "$KATA_REGISTRY/kata-11-app:1.0" cat edition.txt
        ;;
    *)
        echo "Usage: $0 file|registry" >&2
        exit 2
        ;;
esac
