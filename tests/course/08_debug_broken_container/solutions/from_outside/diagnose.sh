#!/bin/sh
# nothing is run inside: the engine's own account, an export, and a second container on the same network
docker ps -a --filter name=kata-08-dead --format 'exit_code={{.Status}}' | sed 's/Exited (\([0-9]*\)).*/\1/'
docker logs --tail 1 kata-08-dead 2>&1 | awk '/missing/ { print "setting = " $3 }'
docker export kata-08-dead | tar -xO srv/report.txt > report.txt
docker run --rm --network container:kata-08-silent busybox:1 netstat -tln | awk '/LISTEN/ { sub(/.*:/, "", $4); print "port = " $4 }'
