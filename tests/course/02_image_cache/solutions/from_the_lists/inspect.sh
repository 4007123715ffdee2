#!/usr/bin/env bash
set -x
# the history's lines that have a size are the layers; digests only to see which two lists have in common
for c in red blue; do
  docker images --no-trunc --format "${c}_id={{.ID}}" kata-02-$c:latest
  echo ${c}_layers=$(docker history --human=false --format '{{.Size}}' kata-02-$c | grep -vxc 0)
done
docker inspect --type image -f '{{join .RootFS.Layers "\n"}}' kata-02-red kata-02-blue | sort | uniq -d | wc -l | sed 's/^/shared_layers=/'
test -n "$(docker images -q hello-world)" && echo hello_world_cached=yes || echo hello_world_cached=no
exit 1
