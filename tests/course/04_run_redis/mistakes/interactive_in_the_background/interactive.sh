#!/usr/bin/env bash
docker run -dit --name kata-04-terminal redis:7 >/dev/null
exec sleep 20
