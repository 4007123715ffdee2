#!/usr/bin/env bash
set -e
mkdir -p out
docker save -o out/app.tar kata-11-app:1.0
docker tag kata-11-app:1.0 "$KATA_REGISTRY/kata-11-app:1.0"
docker push "$KATA_REGISTRY/kata-11-app:1.0"
docker run --rm -i -v kata-11-usb-stick:/usb-stick busybox:1 sh -c 'cat > /usb-stick/app.tar' < out/app.tar
