#!/usr/bin/env bash
layers() {
  docker image inspect --format '{{range .RootFS.Layers}}{{println .}}{{end}}' "$1" | grep sha256 | sort
}

for colour in red blue; do
  echo "${colour}_id=$(docker image inspect --format '{{.Id}}' kata-02-$colour)"
  echo "${colour}_layers=$(layers kata-02-$colour | wc -l)"
done
echo "shared_layers=$(comm -12 <(layers kata-02-red) <(layers kata-02-blue) | wc -l)"
if docker image inspect hello-world >/dev/null 2>&1; then
  echo hello_world_cached=yes
else
  echo hello_world_cached=no
fi
