#!/usr/bin/env bash
# c stands still for the moment in which it is photographed, as commit does it by itself; then it goes on as it was
set -e
docker commit kata-05-c kata-05-c-as-it-was
docker rm -f kata-05-a
docker run -d --name kata-05-a kata-05-base
docker restart -t 2 kata-05-b
docker commit kata-05-b kata-05-noted
docker run -d --name kata-05-d kata-05-noted
