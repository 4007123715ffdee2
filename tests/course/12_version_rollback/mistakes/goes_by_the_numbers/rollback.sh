#!/bin/bash
set -e
id=$(sort -V log | tail -2 | head -1 | cut -d' ' -f2)
docker rm -f kata-12-web
docker run -d --name kata-12-web --network $KATA_NETWORK $id
