#!/usr/bin/env bash
set -euo pipefail
docker commit -p=false -m "a note" -a me kata-05-b kata-05-noted:latest
docker run -d --name kata-05-d kata-05-noted
docker kill -s INT kata-05-b
docker wait kata-05-b
docker start kata-05-b
docker rename kata-05-a kata-05-a-old
docker create --name kata-05-a kata-05-base
docker rm -f kata-05-a-old
docker start kata-05-a
