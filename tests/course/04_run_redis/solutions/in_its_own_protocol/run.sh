#!/usr/bin/env bash
set -e
docker run -d --name kata-04-redis -p 127.0.0.1::6379 redis:7
door=$(docker port kata-04-redis 6379/tcp)
# no redis-cli at all: the protocol is plain enough
for i in $(seq 50); do
  if exec 3<>"/dev/tcp/${door%:*}/${door##*:}" && printf 'PING\r\n' >&3 && read -r -t 2 pong <&3; then break; fi 2>/dev/null
  sleep 0.1
done
printf '*3\r\n$3\r\nSET\r\n$8\r\ngreeting\r\n$%d\r\n%s\r\n' "${#KATA_VALUE}" "$KATA_VALUE" >&3
read -r -t 2 answer <&3
printf 'BGREWRITEAOF\r\n' >&3
