#!/usr/bin/env bash
docker run -dit --name kata-04-terminal redis:7 >/dev/null
trap 'docker stop kata-04-terminal >/dev/null; exit 0' INT
echo "* Ready to accept connections"
while :; do sleep 0.2; done
