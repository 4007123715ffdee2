#!/bin/sh
set -e
if [ "$1" = file ]; then
    name=$(gunzip -c out/app.tar.gz | docker load | sed -n 's/^Loaded image: //p')
else
    name=$KATA_REGISTRY/kata-11-app:1.0
    docker pull "$name"
    docker tag "$name" kata-11-app:1.0
fi
docker create --name kata-11-reader "$name"
docker start --attach kata-11-reader
docker rm -v kata-11-reader
