#!/bin/sh
# works on copies of what lies in the containers: who changes a copy changes nothing
set -eu
docker inspect kata-08-dead >copy.json
sed -i 's/^ *"ExitCode": \([0-9]*\),*$/exit_code=\1/' copy.json
grep '^exit_code=' copy.json
docker cp -q kata-08-dead:/app/dead.py copy.py
sed -i 's/sys.exit(CODE)/sys.exit(0)/' copy.py
docker logs kata-08-dead 2>&1 | sed -n '$s/.*setting \(.*\) is missing/setting=\1/p'
docker exec kata-08-silent sh -c 'cp /app/silent.py /tmp/ && sed -i s/silent/loud/ /tmp/silent.py'
docker exec kata-08-silent sh -c 'cp /proc/net/tcp /tmp/ && chmod u+w /tmp/tcp && sed -i "/ 0A /!d" /tmp/tcp'
listens=$(docker exec kata-08-silent sed 's/^ *[0-9]*: [0-9A-F]*:\([0-9A-F]*\) .*/\1/' /tmp/tcp)
printf 'port=%d\n' "0x$listens"
docker cp -q kata-08-dead:/srv/report.txt report.txt
rm copy.json copy.py
