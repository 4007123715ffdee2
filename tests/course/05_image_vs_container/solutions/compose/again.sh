#!/usr/bin/env bash
set -euo pipefail
# frozen first, while b runs; the tag is not latest
docker commit --pause --message "b as it was" "$(docker compose -p kata-05-notes ps -q b)" kata-05-noted:v1
docker compose -p kata-05-notes --profile frozen up -d d
docker compose -p kata-05-notes restart b
docker compose -p kata-05-notes up -d --force-recreate a
