#!/usr/bin/env bash
# Two containers, one of them with the site's name: what is live is a matter of who has the name.
set -e
live=$(cat live 2>/dev/null || echo blue)
idle=$([ "$live" = blue ] && echo green || echo blue)
docker pull "$KATA_REGISTRY/kata-12-web:$1"
docker rm -f "kata-12-$idle" 2>/dev/null || true
docker run -d --name "kata-12-$idle" "$KATA_REGISTRY/kata-12-web:$1"
./switch.sh "$live" "$idle"
