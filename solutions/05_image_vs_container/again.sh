#!/usr/bin/env bash
set -e
docker stop kata-05-a
docker rm kata-05-a
docker run -d --name kata-05-a kata-05-base

docker stop kata-05-b
docker start kata-05-b

docker commit kata-05-b kata-05-noted
docker run -d --name kata-05-d kata-05-noted
