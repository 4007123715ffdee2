#!/bin/sh
set -eu
docker stop kata-12-web
docker rename kata-12-web kata-12-web-undone
docker rename kata-12-web-previous kata-12-web
docker start kata-12-web
docker rename kata-12-web-undone kata-12-web-previous
