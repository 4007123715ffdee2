#!/bin/sh
docker exec kata-08-dead cat /srv/report.txt > report.txt
docker exec kata-08-dead env
