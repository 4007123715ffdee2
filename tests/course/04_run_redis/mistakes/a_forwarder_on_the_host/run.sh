#!/usr/bin/env bash
docker run -d --name kata-04-redis redis:7
docker exec kata-04-redis redis-cli set greeting "$KATA_VALUE"
address=$(docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' kata-04-redis)
python3 - "$address" >/dev/null 2>&1 <<'FORWARD' &
import socket, sys
door = socket.create_server(("127.0.0.1", 16379))
while True:
    caller, _ = door.accept()
    inside = socket.create_connection((sys.argv[1], 6379))
    inside.sendall(caller.recv(4096)); caller.sendall(inside.recv(4096))
FORWARD
