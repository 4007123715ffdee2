#!/usr/bin/env bash
docker commit kata-05-b kata-05-noted
docker stop kata-05-a kata-05-b
docker rm kata-05-a
docker start kata-05-b
docker run -d --name kata-05-a kata-05-base
docker run -d --name kata-05-d kata-05-noted
