#!/bin/sh -e
hand=$(docker create debian:bookworm-slim sh /by-hand.sh)
docker cp by-hand.sh "$hand":/
if ! docker start --attach "$hand"; then echo "as expected"; fi
docker container rm --volumes "$hand"
docker run --init --name kata-03-redis --detach redis:7 --port 16303
