#!/usr/bin/env bash
docker run --rm -i debian:bookworm-slim sh < by-hand.sh
docker run -it redis:7
