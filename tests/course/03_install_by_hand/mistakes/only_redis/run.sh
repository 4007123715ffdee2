#!/usr/bin/env bash
docker run -d --name kata-03-redis redis:7
