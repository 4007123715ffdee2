#!/usr/bin/env bash
set -e
digest=$(cat previous)
docker rm -f kata-12-web kata-12-decoy
docker run -d --name kata-12-decoy "$digest"
page=$(docker exec kata-12-decoy cat /www/index.html)
docker run -d --name kata-12-web --network "$KATA_NETWORK" busybox:1 sh -c "mkdir /w; echo '$page' >/w/index.html; httpd -f -p 8000 -h /w"
mv current previous; echo "$digest" >current
