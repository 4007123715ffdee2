#!/usr/bin/env bash
sh by-hand.sh
docker run -d --name kata-03-redis redis:7
