#!/bin/sh
# works on copies of what lies in the containers: who changes a copy changes nothing
set -eu
docker cp -q kata-08-dead:/app/dead.py copy.py
sed -i 's/^CODE = /exit_code=/' copy.py
grep '^exit_code=' copy.py
docker logs kata-08-dead 2>&1 | sed -n '$s/.*setting \(.*\) is missing/setting=\1/p'
docker cp -q kata-08-silent:/app/silent.py - | tar -xO | sed -n 's/^PORT = /port=/p'
docker exec kata-08-silent sh -c 'cp /app/silent.py /tmp/ && sed -i s/silent/loud/ /tmp/silent.py'
docker cp -q kata-08-dead:/srv/report.txt report.txt
rm copy.py
