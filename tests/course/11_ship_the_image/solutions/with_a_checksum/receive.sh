#!/bin/bash
set -euo pipefail
cd "$(dirname "$0")"
if [[ ${1:?file or registry} == file ]]; then
  (cd out && sha256sum -c --quiet app.tar.sha256)
  name=$(docker load < out/app.tar | awk '{print $NF}')
else
  name=$(docker pull -q "$KATA_REGISTRY/kata-11-app:1.0")
fi
id=$(docker run -d --network none --read-only "$name")
trap 'docker rm -f -v "$id" >/dev/null' EXIT
[ "$(docker wait "$id")" = 0 ]
docker logs "$id"
