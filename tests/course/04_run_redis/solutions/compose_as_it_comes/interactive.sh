#!/usr/bin/env bash
docker compose run --rm --name kata-04-terminal --no-deps redis
