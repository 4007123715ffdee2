#!/usr/bin/env bash
docker rm -f kata-05-a
docker run -d --name kata-05-a kata-05-base
docker restart -t 2 kata-05-b
docker run -d --name kata-05-d kata-05-noted
docker exec kata-05-d cat /note
