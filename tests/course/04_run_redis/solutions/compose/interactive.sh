#!/usr/bin/env bash
docker compose -p kata-04-terminal run --rm --name kata-04-terminal --no-deps redis
