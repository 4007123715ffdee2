#!/usr/bin/env bash
docker run -dit --name kata-04-terminal redis:7 >/dev/null
docker attach kata-04-terminal
