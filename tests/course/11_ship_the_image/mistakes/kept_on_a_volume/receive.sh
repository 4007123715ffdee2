#!/usr/bin/env bash
set -eo pipefail
docker run --rm -v kata-11-usb-stick:/usb-stick busybox:1 cat /usb-stick/app.tar | docker load
docker run --rm kata-11-app:1.0
