#!/usr/bin/env bash
docker run --name kata-04-redis redis:7 -d
