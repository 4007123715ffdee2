#!/usr/bin/env bash
docker build --quiet -t kata-03-by-hand .
docker run --rm kata-03-by-hand
docker rmi kata-03-by-hand
docker run -d --rm --name kata-03-redis -v kata-03-data:/data redis:7
until docker run --rm --network container:kata-03-redis redis:7 redis-cli ping; do sleep 0.1; done
