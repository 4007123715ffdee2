#!/bin/sh
# clones: a commit of the dead one is run again and asked; ports are tried out one by one
set -e
docker commit kata-08-dead kata-08-corpse >/dev/null
code=0; docker run --name kata-08-clone kata-08-corpse >out 2>err || code=$?
echo "exit_code=$code"
echo "setting=$(awk 'END {print $3}' err)"
docker run --rm kata-08-corpse cat /srv/report.txt >report.txt
docker rm kata-08-clone >/dev/null
docker rmi -f kata-08-corpse >/dev/null
docker exec -i kata-08-silent python3 - <<'P'
import socket
for port in range(1024, 65536):
    with socket.socket() as s:
        if s.connect_ex(("127.0.0.1", port)) == 0:
            print(f"port={port}")
            break
P
